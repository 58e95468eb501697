"""The options of auditd.conf that some version of auditd knows: their accepted values and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditrules.audit.model.host_facts import Version
from auditrules.values import dataclass

_MOST_NUMBER = 2**64 - 1  # an unsigned long's
_INT = 2**31 - 1

LOG_GROUP = "log_group"
HALTS = "space_left_action"

_YES_NO = ("yes", "no")
_FAILURES = ("ignore", "syslog", "rotate", "email", "exec", "suspend", "single", "halt")


@dataclass(frozen=True, slots=True)
class Option:
    """One option: the values that auditd accepts, and the default.

    `words` are the accepted words, `least` and `most` the limits of a number; an option with neither is a text.
    `percent`: a number may end in a percent sign. `argument`: more words may follow. `since` is the first version that
    knows the option.
    """

    words: tuple[str, ...] = ()
    most: int | None = None
    least: int = 0
    percent: bool = False
    argument: bool = False
    default: str = ""
    since: Version = (2, 8, 0)

    @property
    def text(self) -> bool:
        """Whether any word is accepted, and case matters."""
        return not self.words and self.most is None


_OF_3: Version = (3, 0, 0)
_NUMBER = Option(most=_MOST_NUMBER, default="0")
_SPACE = Option(most=_MOST_NUMBER, percent=True, default="0")
_ACTION = Option(_FAILURES, argument=True, default="ignore")
_TEXT = Option()

OPTIONS: Mapping[str, Option] = MappingProxyType(
    {
        "local_events": Option(_YES_NO, default="yes"),
        "write_logs": Option(_YES_NO, default="yes"),
        "log_file": Option(default="/var/log/audit/audit.log"),
        "log_format": Option(("raw", "nolog", "enriched"), default="enriched"),
        "log_group": Option(default="root"),
        "flush": Option(("none", "incremental", "incremental_async", "data", "sync"), default="none"),
        "freq": Option(most=_INT, default="0"),
        "num_logs": Option(most=999, default="0"),
        "dispatcher": _TEXT,
        "name_format": Option(("none", "hostname", "fqd", "numeric", "user"), default="none"),
        "name": _TEXT,
        "disp_qos": _TEXT,
        "max_log_file": _NUMBER,
        "max_log_file_action": Option(("ignore", "syslog", "suspend", "rotate", "keep_logs"), default="ignore"),
        "space_left": _SPACE,
        "space_left_action": _ACTION,
        "action_mail_acct": Option(default="root"),
        "verify_email": Option(_YES_NO, default="yes"),
        "admin_space_left": _SPACE,
        "admin_space_left_action": _ACTION,
        "disk_full_action": Option(
            tuple(word for word in _FAILURES if word != "email"), argument=True, default="ignore"
        ),
        "disk_error_action": Option(
            tuple(word for word in _FAILURES if word not in ("email", "rotate")), argument=True, default="syslog"
        ),
        "priority_boost": Option(most=_INT, default="4"),
        "tcp_listen_port": Option(most=65535, least=1),
        "tcp_listen_queue": Option(most=65535, least=1, default="5"),
        "tcp_max_per_addr": Option(most=1024, least=1, default="1"),
        "use_libwrap": Option(_YES_NO, default="yes"),
        "tcp_client_ports": _TEXT,
        "tcp_client_max_idle": Option(most=_INT, default="0"),
        "transport": Option(("tcp", "tls", "krb5"), default="tcp", since=_OF_3),
        "enable_krb5": Option(_YES_NO, default="no"),
        "krb5_principal": _TEXT,
        "krb5_key_file": _TEXT,
        **{
            f"tls_{name}": Option(since=(4, 2, 0))
            for name in (
                *("psk_file", "psk_identity", "cipher_suites", "key_exchange", "require_pqc", "auth"),
                *("crypto_profile", "allowed_clients"),
            )
        },
        "distribute_network": Option(_YES_NO, default="no"),
        "q_depth": Option(most=99999, default="2000", since=_OF_3),
        "overflow_action": Option(("ignore", "syslog", "suspend", "single", "halt"), default="syslog", since=_OF_3),
        "max_restarts": Option(most=_INT, default="10", since=_OF_3),
        "plugin_dir": Option(default="/etc/audit/plugins.d", since=_OF_3),
        "end_of_event_timeout": Option(most=_INT, default="2", since=(3, 0, 1)),
        "report_interval": Option(since=(4, 0, 5)),
    }
)
"""All options that any of these versions knows."""
