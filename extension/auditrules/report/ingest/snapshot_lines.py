"""Decodes lines of JSON, of which most snapshots begin as one before them did: that part is decoded once."""

from __future__ import annotations

import orjson

_BEGIN, _END = b'{"snapshot":[', b'],"action":'  # of the rows, as osqueryd writes them; no text holds these quotes
_LONGEST, _KEPT = 2048, 4096  # bytes of such a part, and how many are kept


class SnapshotLines:
    """Decodes lines, and knows the rows with which earlier ones began.

    Where `{"snapshot":[…]}` is JSON, `{"snapshot":[…],REST}` is what that and `{REST}` are, and no JSON where `{REST}`
    is none. What is returned is shared: nobody may change it.
    """

    def __init__(self) -> None:
        """Know none."""
        self._known: dict[bytes, dict[str, object]] = {}

    def decode(self, content: bytes) -> object:
        """Return the value of a line. Raises `orjson.JSONDecodeError`."""
        end = content.find(_END, len(_BEGIN), _LONGEST) + 1 if content.startswith(_BEGIN) else 0
        if not end:
            return orjson.loads(content)
        begin = content[:end]
        known = self._known.get(begin)
        if known is None:
            try:
                known = orjson.loads(begin + b"}")
            except orjson.JSONDecodeError:
                return orjson.loads(content)  # the rows end elsewhere, or this is no JSON
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[begin] = known
        return {**known, **orjson.loads(b"{" + content[end + 1 :])}
