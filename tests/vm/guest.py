"""Running a script on a real kernel: a fresh guest for each run, without network, disk or audit daemon."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import importlib.metadata
import io
import os
import re
import secrets
import select
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.vm import cpio, kernels
from tests.vm.contents import PROJECT, PYTHON, QEMU, SITE, RigError, cache, unpacked

MEMORY = "768"  # MiB
BOOT_LIMIT = 120.0  # seconds; emulated on a busy machine
KVM_BOOT_LIMIT = 8.0  # seconds; where KVM works at all, the guest's first process is there in one

FOLDERS = ("dev", "etc", "home", "mnt", "opt", "out", "proc", "run", "srv", "sys", "usr/local/bin", "var/log")
LINKS = {
    **{name: f"usr/{name}" for name in cpio.MERGED},
    "usr/bin/awk": "mawk",
    "usr/bin/python3": PYTHON,
    "var/run": "/run",
}
USERS = """\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/bin/sh
bin:x:2:2:bin:/bin:/bin/sh
www-data:x:33:33:www-data:/var/www:/bin/sh
alice:x:1000:1000:alice:/home/alice:/bin/bash
bob:x:1001:1001:bob:/home/bob:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/bin/sh
"""
GROUPS = """\
root:x:0:
daemon:x:1:
bin:x:2:
www-data:x:33:
docker:x:998:
alice:x:1000:
bob:x:1001:
nogroup:x:65534:
"""
FILES = {"etc/passwd": USERS, "etc/group": GROUPS, "etc/nsswitch.conf": "passwd: files\ngroup: files\n"}

# The project's commands, as pip would write them.
COMMANDS = {"auditrules": "auditrules.cli", "auditrules.ext": "auditrules.serve"}
COMMAND = "#!/usr/bin/python3\nimport sys\n\nfrom {module} import main\n\nsys.exit(main())\n"


@dataclass(frozen=True, slots=True)
class Result:
    """What a script did: its exit status, what it wrote (both streams, byte for byte), and the files left in /out."""

    returncode: int
    stdout: bytes
    files_out: Mapping[str, bytes]

    @property
    def text(self) -> str:
        """What it wrote, as text."""
        return self.stdout.decode()


@dataclass(frozen=True, slots=True)
class Guest:
    """A kernel and the first file system of each run: Debian's files and this tree's code."""

    kernel: Path
    base: Path
    code: bytes = field(repr=False)

    @classmethod
    def ready(cls) -> Guest:
        """The guest with the code as it is now; `RigError` where the rig is not there."""
        reason = missing()
        if reason:
            raise RigError(f"{reason}: run `make vm-setup`")
        return cls(_kernel(), _base(), _code())

    @property
    def release(self) -> str:
        """The kernel's release, as `uname -r` prints it."""
        return kernels.release_of(self.kernel)

    def run(
        self,
        script: str,
        files: Mapping[str, bytes | Path] | None = None,
        *,
        kernel_args: str = "",
        timeout: float = 120.0,
    ) -> Result:
        """Run a script as root in a fresh guest.

        `script` is for /bin/sh unless its first line names another interpreter. `files` come into the guest under the
        names they are mapped from: bytes as a file of mode 0644, a path as that file or folder with its modes. What the
        script leaves below /out comes back. `kernel_args` are added to the kernel's command line, such as `audit=1`.
        Raises `RigError` if the script has not ended after `timeout` seconds.
        """
        mark = secrets.token_hex(8)
        with _initrd(self.base, self.code, _task(script, files or {}, mark)) as initrd:
            command = (
                *(QEMU, "-M", "microvm,x-option-roms=off,rtc=on,pic=on,pit=on,isa-serial=on,acpi=off"),
                *("-m", MEMORY, "-smp", "1", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
                *("-serial", "stdio", "-kernel", str(self.kernel), "-initrd", str(initrd), "-append"),
                f"{KERNEL_ARGS} {kernel_args}",
            )
            if _kvm_may_work():
                said = _boot((*command, *KVM), mark, timeout, KVM_BOOT_LIMIT)
                if said.started:
                    return said.result(timeout)
                _kvm_verdict().write_text("a guest did not start under KVM; delete this file to try again\n")
            return _boot((*command, *TCG), mark, timeout, BOOT_LIMIT).result(timeout)


KERNEL_ARGS = "console=ttyS0 quiet loglevel=1 panic=-1 reboot=t nokaslr mitigations=off random.trust_cpu=on"
KVM = ("-accel", "kvm", "-cpu", "host,arch-capabilities=off")
TCG = ("-accel", "tcg", "-cpu", "max")


def missing() -> str:
    """Which part of the rig is not there; empty if it is whole."""
    if not shutil.which(QEMU):
        return f"{QEMU} is not installed"
    try:
        if not unpacked().exists():
            return f"the guest's files are not in {cache()}"
    except importlib.metadata.PackageNotFoundError as error:  # its metadata says what the guest's Python needs
        return f"{error.name} is not installed in {sys.prefix}"
    return ""


@dataclass(frozen=True, slots=True)
class Said:
    """All that came over the serial line of one guest, and whether it came to its end."""

    line: bytes
    mark: bytes
    errors: bytes
    in_time: bool

    @property
    def started(self) -> bool:
        return self.mark + b" start\n" in self.line

    def result(self, timeout: float) -> Result:
        """What the script did, out of what was said between the marks."""
        pattern = b"%s start\n(.*)\n%s end ([0-9]+)\n(.*)\n%s done\n" % ((re.escape(self.mark),) * 3)
        found = re.search(pattern, self.line, re.DOTALL)
        if found is None:
            way = "died" if self.in_time else f"was not done after {timeout:g} s"
            place = "in its script" if self.started else "before its script"
            last = (self.errors + self.line)[-2000:].decode(errors="replace").strip()
            raise RigError(f"the guest {way} {place}; the last it said:\n{last}")
        output, status, files = found.groups()
        return Result(int(status), output, _unpack(gzip.decompress(base64.b64decode(files))))


def _boot(command: tuple[str, ...], mark: str, timeout: float, boot_limit: float) -> Said:
    """Run one guest until it is done, dies, or runs out of time: some for its boot, some for its script."""
    start, done = f"{mark} start\n".encode(), f"\n{mark} done\n".encode()
    line = bytearray()
    started = False
    limit = time.monotonic() + boot_limit
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors) as qemu,
    ):
        try:
            assert qemu.stdout is not None
            while (left := limit - time.monotonic()) > 0:
                if not select.select([qemu.stdout], [], [], left)[0]:
                    break
                piece = os.read(qemu.stdout.fileno(), 1 << 16)
                if not piece:
                    break
                searched = max(0, len(line) - len(done))
                line += piece
                if not started and line.find(start) >= 0:
                    started = True
                    limit = time.monotonic() + timeout
                if line.find(done, searched) >= 0:
                    break
            in_time = time.monotonic() < limit
        finally:
            qemu.kill()
        qemu.wait()
        errors.seek(0)
        return Said(bytes(line), mark.encode(), errors.read(), in_time)


def _kvm_verdict() -> Path:
    return cache() / "kvm-does-not-work"


def _kvm_may_work() -> bool:
    return os.access("/dev/kvm", os.R_OK | os.W_OK) and not _kvm_verdict().exists()


def _kernel() -> Path:
    if kernels.chosen():
        return kernels.image(kernels.chosen())
    (kernel,) = (unpacked() / "kernel/boot").glob("vmlinuz-*")
    return kernel


def _base() -> Path:
    """Debian's files as an archive, made once for each state of the sources that make it."""
    init = Path(__file__).with_name("init.sh").read_bytes()
    sources = (Path(__file__).read_bytes(), Path(cpio.__file__).read_bytes(), init, str(unpacked()).encode())
    path = cache() / f"base-{hashlib.sha256(b''.join(sources)).hexdigest()[:16]}.cpio"
    if not path.exists():
        with tempfile.TemporaryDirectory(prefix="new-", dir=cache()) as work:
            with Path(work, "base").open("wb") as stream:
                _write_base(cpio.Archive(stream), init)
            Path(work, "base").rename(path)
    return path


def _write_base(archive: cpio.Archive, init: bytes) -> None:
    root = unpacked() / "root"
    archive.file("init", init, 0o755)
    archive.device("dev/console", 5, 1)
    archive.device("dev/null", 1, 3)
    archive.device("dev/ttyS0", 4, 64)
    archive.folder("root", 0o700)
    archive.folder("tmp", 0o1777)
    for name in FOLDERS:
        archive.folder(name)
    for name, target in LINKS.items():
        archive.link(name, target)
    for name, text in FILES.items():
        archive.file(name, text.encode())
    archive.tree("", root)
    applets = subprocess.run([root / "bin/busybox", "--list-full"], capture_output=True, check=True, text=True)
    for name in applets.stdout.split():
        if name.startswith(("bin/", "sbin/", "usr/")) and not _provided(root, Path(name).name):
            archive.link(cpio.merged(name), "/bin/busybox")
    archive.close()


def _provided(root: Path, command: str) -> bool:
    """Whether a package has a command, in whichever folder: it comes before busybox's."""
    return any((root / folder / command).exists() for folder in ("bin", "sbin", "usr/bin", "usr/sbin"))


@functools.cache
def _code() -> bytes:
    """This tree's code as an archive, compiled for the guest's Python: in an emulated machine that would take long."""
    stream = io.BytesIO()
    archive = cpio.Archive(stream)
    with tempfile.TemporaryDirectory() as work:
        package = Path(work, SITE, "auditrules")
        shutil.copytree(PROJECT / "extension/auditrules", package, ignore=shutil.ignore_patterns("__pycache__"))
        compiled(unpacked() / "root", package, strip=Path(work))
        archive.tree(f"{SITE}/auditrules", package)
    for name, module in COMMANDS.items():
        archive.file(f"usr/local/bin/{name}", COMMAND.format(module=module).encode(), 0o755)
    archive.close()
    return stream.getvalue()


def compiled(root: Path, *folders: Path, strip: Path | None = None) -> None:
    """Compile the modules below the folders with the guest's own Python, which runs here through its own loader.

    What is compiled is never compared with its source again, and knows its place in the guest, not the one here.
    """
    python = (*loader(root), root / "usr/bin" / PYTHON, "-s", "-m", "compileall", "-q")
    place = ("-s", strip or root, "-p", "/", "--invalidation-mode", "unchecked-hash")
    # Exit status 1 tells of sources that are no Python of this version; some packages carry those for others.
    done = subprocess.run([*python, *place, *folders], capture_output=True, check=False, text=True)
    if done.returncode not in (0, 1):
        raise RigError(f"the guest's Python does not run here: {done.stderr or done.stdout}")


def loader(root: Path) -> tuple[str | Path, ...]:
    """The guest's dynamic loader, as the head of a command that runs one of the guest's programs on this machine.

    A library that the guest lacks is still found where this machine has it.
    """
    folders = [str(root / name / "x86_64-linux-gnu") for name in ("lib", "usr/lib")]
    return (root / "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "--inhibit-cache", "--library-path", ":".join(folders))


def _task(script: str, files: Mapping[str, bytes | Path], mark: str) -> bytes:
    """The archive of one run: the script, the files it wants, and the mark of its output."""
    stream = io.BytesIO()
    archive = cpio.Archive(stream)
    archive.file("task/mark", mark.encode())
    archive.file("task/script", (script if script.startswith("#!") else f"#!/bin/sh\n{script}").encode(), 0o755)
    archive.file("task/files.tar", _packed(files))
    archive.close()
    return stream.getvalue()


def _packed(files: Mapping[str, bytes | Path]) -> bytes:
    """A tar of the files: unlike the kernel, who unpacks it leaves folders that are there as they are."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            if isinstance(content, Path):
                tar.add(content, name.lstrip("/"), filter=_roots_own)
            else:
                entry = tarfile.TarInfo(name.lstrip("/"))
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def _roots_own(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _unpack(packed: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {
            entry.name.removeprefix("./"): content.read()
            for entry in tar
            if (content := tar.extractfile(entry)) is not None
        }


@contextmanager
def _initrd(base: Path, *archives: bytes) -> Iterator[Path]:
    """All archives in one file, which is how QEMU takes them."""
    with tempfile.NamedTemporaryFile(prefix="run-", dir=cache()) as stream:
        with base.open("rb") as source:
            shutil.copyfileobj(source, stream, 1 << 20)
        for archive in archives:
            stream.write(archive)
        stream.flush()
        yield Path(stream.name)
