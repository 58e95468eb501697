"""Collects one host into `Sources`: the kernel's rules, rules files, units, boot files, mounts, and paths in rules."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from math import inf

from auditrules.audit.auditctl.status import LOCKED, UNKNOWN_STATUS, AuditStatus, NotAStatusError, parse_status
from auditrules.audit.boot.augenrules import AUDIT_RULES, RULES_D
from auditrules.audit.boot.mount_units import early_mounts
from auditrules.audit.boot.unit_commands import DAEMON, UNITS
from auditrules.audit.boot.unit_sandbox import sandbox_paths
from auditrules.audit.constants.arches import loader_of
from auditrules.audit.filesystem.binary_formats import FOLDER, binary_formats
from auditrules.audit.filesystem.mounts import early_points, initrd_points, mounted
from auditrules.audit.filesystem.remembered import Remembered
from auditrules.audit.kernel.netlink import decode_status
from auditrules.audit.model.collected import File, Kernel, Sources
from auditrules.audit.model.errors import NetlinkError
from auditrules.audit.model.host_facts import BinaryFormat, Entry, Mount
from auditrules.audit.model.text import decode
from auditrules.audit.needs import Needs, needs
from auditrules.host import netlink
from auditrules.host.audit_facts import FactsReader
from auditrules.host.boot_files import read_boot_files
from auditrules.host.kernel import Ask, KernelReader
from auditrules.host.limits import HostError, Limits
from auditrules.host.lookup_cache import LookupCache
from auditrules.host.open_folders import UnreadableError
from auditrules.host.proc import boot_time, process_name, process_start
from auditrules.host.remote_paths import remote_paths
from auditrules.host.rootfs import Tree, local
from auditrules.host.starts import Starts, dated, set_back, unit_starts
from auditrules.host.units import read_units
from auditrules.values import replace

TYPE_CHECKING = False  # typing's own takes importing it, and what requirements are is not needed before one is judged
if TYPE_CHECKING:
    from auditrules.benchmarks.requirement import Fact
    from auditrules.host.privileged_inventory import PrivilegedInventory

PROGRAMS = ("/usr/sbin/auditctl", "/sbin/auditctl")

# The kinds of collection: each reuses the lookups of the last one of its kind, after it has checked them.
_SOURCES, _PATHS, _SITE = "sources", "paths", "site"
_PRIVILEGED = "privileged"  # the fact that needs a search, which may outlast a collection
_MOST_KEPT = 4096  # names looked up for a query's paths that are kept; the next query may ask for others

_LIMITS = Limits()


class Host:
    """A host to collect: this machine, or the file system of another under a root folder.

    `kernel` says where to read the loaded rules from: `netlink` (the kernel), `auditctl`, `auto` (the first of these
    that answers), `none`, or the path of a saved `auditctl -l`. Under another root only that root's files and a saved
    listing are read, never this machine's kernel, /proc or auditctl; its machine type is assumed to be this machine's.
    `release` replaces the kernel release of this machine, or the newest one under the root.

    Raises HostError if the root is not a folder, or `kernel` is none of these.
    """

    def __init__(  # noqa: PLR0913 - what a test replaces stands beside what a user says
        self,
        root: str = "/",
        kernel: str = "auto",
        *,
        programs: Sequence[str] = PROGRAMS,
        limits: Limits = _LIMITS,
        ask: Ask = netlink.ask,
        release: str = "",
    ) -> None:
        here = not os.path.realpath(root).strip("/")
        if not os.path.isdir(root):
            raise HostError(f"root: expected a folder, found {root!r}")
        self._kernel = KernelReader(None if here else root, kernel, programs=programs, limits=limits, ask=ask)
        self._root = root
        self._here = here
        self._limits = limits
        self._needs: tuple[object, Needs] | None = None
        self._caches: dict[str, LookupCache] = {}  # of the last collection of each kind
        self._since = inf  # directories that were made after this time get a birth time
        self._remembered = Remembered()  # what was seen of this machine
        self._facts = FactsReader(here=here, limits=limits, release=release)

    def sources(self) -> Sources:
        """Collect everything once. Raises HostError if the root or the saved listing can't be read."""
        begun = time.time()
        kernel, version_text, version = self._kernel.read()
        starts = self._starts(kernel) if self._here else Starts()
        self._since = min((at - starts.set_back for _, at in starts.units), default=inf)
        if starts.units and starts.booted is not None and _status(kernel).enabled in (None, LOCKED):
            self._since = min(self._since, starts.booted)
        mountinfo = self._mountinfo()
        with self._tree(_SOURCES, mountinfo) as tree:
            rules_d, rules_d_error = self._rules_d(tree)
            audit_rules = tree.read(AUDIT_RULES, self._limits.file)
            if audit_rules is not None and not self._here:
                audit_rules = replace(audit_rules, mode=None, uid=None)  # in a copy of a root, owners mean nothing
            texts = [
                *(file.content or b"" for file in (*rules_d, audit_rules, kernel.saved) if file),
                kernel.listing.stdout if kernel.listing else b"",
            ]
            units = read_units(tree)
            fstab = tree.read("/etc/fstab", self._limits.file)
            table = (fstab.content if fstab else None) or b""
            early = early_points(table, early_mounts(units))
            wanted = self._needed(texts, kernel.netlink.rules or () if kernel.netlink else ())
            remote, by_initrd = remote_paths(mountinfo), initrd_points(table)
            mounts = None if mountinfo is None else dated(mounted(mountinfo, early), remote, by_initrd)
            unmounted = early - {each.point for each in mounts} if mounts is not None else frozenset()
            formats = self._binary_formats(mounts or ())
            # augenrules' result depends on whether rules.d exists, and on files in it that can't be read.
            paths = frozenset({RULES_D, *(file.path for file in rules_d if file.content is None)})
            if not self._here or mountinfo is not None:  # else no path is safe to touch: it may be on a remote mount
                interpreters = (each.interpreter for each in formats)
                paths = paths.union(wanted.paths, sandbox_paths(units, UNITS), interpreters)
            cmdline = tree.read("/proc/cmdline", self._limits.file) if self._here else None
            facts = replace(self._facts.read(tree, wanted, version, paths, cmdline), mounts=mounts)
            if self._here:
                self._remembered = self._remembered.with_collection(begun, facts)
            return Sources(
                kernel=kernel,
                rules_d=rules_d,
                rules_d_error=rules_d_error,
                audit_rules=audit_rules,
                auditd_conf=tree.read("/etc/audit/auditd.conf", self._limits.file),
                cmdline=cmdline,
                consumer=self._consumer(tree, kernel),
                auditctl_version=version_text,
                facts=replace(
                    facts,
                    changed=self._remembered.changed,
                    binary_formats=formats,
                    started=starts.units,
                    set_back=starts.set_back,
                    booted=starts.booted,
                    unmounted=frozenset(unmounted),
                ),
                boot_files=read_boot_files(tree),
                units=units,
            )

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """Look up paths step by step, and this machine's dynamic loader. Paths on remote mounts are not touched.

        Raises HostError if the root can't be opened.
        """
        mountinfo = self._mountinfo()
        if self._here and mountinfo is None:
            return {}  # where it is not known which mounts are remote, no path is safe to touch
        with self._tree(_PATHS, mountinfo) as tree:
            return self._facts.seen(tree, {*paths, loader_of(os.uname().machine) or "/"})

    def site(self) -> tuple[File, ...]:
        """Read the site's own files of benchmarks. Raises HostError if the root can't be read."""
        from auditrules.host.site import read_site  # noqa: PLC0415 - nobody needs it who asks for no control

        mountinfo = self._mountinfo()
        if self._here and mountinfo is None:
            return ()  # where it is not known which mounts are remote, no path is safe to touch
        with self._tree(_SITE, mountinfo) as tree:
            return read_site(tree, own=self._here)

    def fact(self, fact: Fact) -> object:
        """Collect one fact now: the value for its field of `HostFacts`. Raises HostError if the root can't be read."""
        from auditrules.host.facts import COLLECTORS, Reach, unknown_fact  # noqa: PLC0415 - it says why

        if fact.value == _PRIVILEGED:
            return self._privileged()
        mountinfo = self._mountinfo()
        if self._here and mountinfo is None:
            return unknown_fact(fact)  # where it is not known which mounts are remote, no path is safe to touch
        with self._tree(fact.value, mountinfo) as tree:
            collect = COLLECTORS.get(fact)
            return collect(Reach(tree, self._here, mountinfo, remote_paths(mountinfo))) if collect else None

    @cached_property
    def _privileged(self) -> PrivilegedInventory:
        from auditrules.host.privileged_inventory import PrivilegedInventory  # noqa: PLC0415 - as of other facts
        from auditrules.host.program_search import ProgramSearch  # noqa: PLC0415

        limits = self._limits.search
        return PrivilegedInventory(lambda: ProgramSearch(self._root, limits, here=self._here), limits.wait)

    @contextmanager
    def _tree(self, kind: str, mountinfo: bytes | None) -> Iterator[Tree]:
        """Open the root for a collection, with the lookups of the last one of its kind if they can be reused.

        If it is not known which mounts are remote, none are reused: to check them would touch their paths.
        """
        known = not self._here or mountinfo is not None
        try:
            tree = Tree(self._root, remote_paths(mountinfo), self._caches.get(kind) if known else None, self._since)
        except OSError as error:
            raise HostError(f"root: cannot open {self._root!r}: {error.strerror}") from error
        with closing(tree):
            yield tree
        if known and (kind != _PATHS or tree.cache.names <= _MOST_KEPT):
            self._caches[kind] = tree.cache

    def _needed(self, texts: Sequence[bytes], rules: tuple[bytes, ...]) -> Needs:
        """The names in texts and rules, searched again only if these have changed."""
        if self._needs is None or self._needs[0] != (texts, rules):
            self._needs = ((texts, rules), needs(texts, rules))
        return self._needs[1]

    def _mountinfo(self) -> bytes | None:
        """Read this machine's mounts. None: they can't be read, or the root is another, where they do not matter."""
        if not self._here:
            return None
        with closing(Tree("/", local)) as tree:
            file = tree.read("/proc/self/mountinfo", self._limits.file)
        return file.content if file else None

    def _starts(self, kernel: Kernel) -> Starts:
        """When the units that load rules were started last or, if systemd knows none, auditd."""
        found = unit_starts(UNITS)
        pid = _status(kernel).pid or 0
        at = process_start(f"/proc/{pid}") if pid and process_name(f"/proc/{pid}") == DAEMON else None
        booted = boot_time()
        if not found and at is not None:
            return Starts(((DAEMON, at),), booted=booted)
        return Starts(tuple(sorted(found.items())), set_back(found, at, booted, time.time()), booted)

    def _binary_formats(self, mounts: Iterable[Mount]) -> tuple[BinaryFormat, ...]:
        """Read the formats of binfmt_misc. If it is not mounted it is not touched, as systemd would then mount it."""
        if not any(each.point == FOLDER and each.fstype == "binfmt_misc" for each in mounts):
            return ()
        with closing(Tree("/", local)) as tree:
            files = {name: tree.read(f"{FOLDER}/{name}", self._limits.file) for name in tree.names(FOLDER)}
        return binary_formats({name: file.content for name, file in files.items() if file and file.content})

    def _rules_d(self, tree: Tree) -> tuple[tuple[File, ...], str]:
        """Read the files that augenrules reads: names that end in .rules and do not begin with a dot."""
        try:
            names = [name for name in tree.names(RULES_D) if name.endswith(".rules") and name[0] != "."]
        except UnreadableError as error:
            return (), str(error)
        files: list[File] = []
        left = self._limits.rules_d
        for name in names:
            path = f"{RULES_D}/{name}"
            if left < 0:
                files.append(File(path, error=f"not read, as those before it hold {self._limits.rules_d} bytes"))
                continue
            file = tree.read(path, self._limits.file) or File(path, error="gone since the folder was listed")
            left -= len(file.content or b"")
            files.append(file)
        return tuple(files), ""

    def _consumer(self, tree: Tree, kernel: Kernel) -> str:
        pid = _status(kernel).pid or 0
        comm = tree.read(f"/proc/{pid}/comm", self._limits.file) if pid else None
        return (comm.content or b"").decode("utf-8", "surrogateescape").removesuffix("\n") if comm else ""


def _status(kernel: Kernel) -> AuditStatus:
    """The kernel's status; unknown if there is none, or it can't be decoded."""
    try:
        if kernel.netlink is not None:
            return decode_status(kernel.netlink.status)
        if kernel.status is not None:
            return parse_status(decode(kernel.status.stdout))
    except (NetlinkError, NotAStatusError):
        pass  # HostAudit.kernel reports the error
    return UNKNOWN_STATUS
