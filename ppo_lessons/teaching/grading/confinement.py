"""Shuts a process in, as far as the system lets us: what it may see, reach, use up and do.

On Linux the process gets namespaces of its own: a file system in which only Python and its libraries can be read, no
network, and no other process. As root each answer runs as a user of its own; else as a user without any rights. On
every system an audit hook watches what Python is about to do. The hook alone is no wall: code that leaves Python goes
around it, and finds the package, answers and all, where there are no namespaces to hide it.
"""

import ctypes
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOUNT, UTS, IPC, USER, PROCESSES, NETWORK = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
"""Kinds of namespaces (linux/sched.h)."""
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
"""Flags of mount (linux/mount.h)."""
DIES_WITH_PARENT, NO_NEW_RIGHTS = 1, 38
"""Options of prctl (linux/prctl.h)."""
FIRST_USER = 61_000
"""As root, answers run as this user and those after it, one for each that runs at the same time."""
DEVICES = ("null", "zero", "urandom")
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/localtime", "/etc/ld.so.cache")
"""What Python and its libraries may load late."""


SCRATCH = Path("/scratch")
"""The only folder in which an answer that is shut in can write; each finds it empty."""


@dataclass(frozen=True)
class Limits:
    """What one answer may use up."""

    cpu_seconds: int = 4
    wall_seconds: float = 20.0
    """Long, so that a busy computer makes no answer wrong."""
    memory: int = 1 << 30
    """Bytes beyond what Python and the libraries have already."""
    file_size: int = 1 << 24
    processes: int = 16
    """Threads count as well."""
    reply: int = 1 << 22
    """Bytes."""


class Shut(Exception):  # noqa: N818 - it is no error of ours
    """Raised inside when the system does not let us."""


def _call(name: str, *arguments: Any) -> None:
    """Call a function of the C library.

    Raises:
        OSError: If it fails.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def enclose(readable: Sequence[Path], hidden: Sequence[Path] = ()) -> str:
    """Shut this process and all that it starts into namespaces of its own.

    Args:
        readable: Folders that stay visible, to be read only.
        hidden: Folders in them that seem empty.

    Returns:
        "" if it is shut in, else why not.
    """
    if not sys.platform.startswith("linux"):
        return f"{sys.platform} has no namespaces"
    try:
        _try_first()
        _own_namespaces()
        _own_file_system([*map(Path, SYSTEM), *readable], hidden)
    except (OSError, AttributeError) as error:
        return str(error)
    return ""


def _try_first() -> None:
    """Find out in a child whether all will be allowed that is wanted: there is no way back.

    Raises:
        OSError: If it is not.
    """
    told, tells = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _own_namespaces()
            _call("unshare", PROCESSES)
            os._exit(0)
        except OSError as error:
            os.write(tells, str(error).encode())
        finally:
            os._exit(1)
    os.close(tells)
    why = os.read(told, 1000).decode()
    os.close(told)
    if os.waitpid(child, 0)[1]:
        raise OSError(why or "namespaces cannot be tried")


def _own_namespaces() -> None:
    user, group = os.geteuid(), os.getegid()
    _call("unshare", MOUNT | UTS | IPC | NETWORK | (USER if user else 0))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _call("mount", b"none", b"/", None, RECURSIVE | PRIVATE, None)


def _own_file_system(readable: Sequence[Path], hidden: Sequence[Path]) -> None:
    """Make a new root in which only some folders stand, and go there; what is hidden in them is empty."""
    root = Path(tempfile.mkdtemp())
    _call("mount", b"tmpfs", bytes(root), b"tmpfs", NO_SUID | NO_DEVICES, b"size=16m,mode=755")
    inside = [path for path in map(Path.absolute, readable) if path.exists()]
    for path in [path for path in inside if not any(other in path.parents for other in inside)]:
        if path.is_symlink() and path.parent == Path("/"):
            root.joinpath(path.name).symlink_to(os.readlink(path))
            continue
        _show(path, root / path.relative_to("/"))
        flags = REMOUNT | BIND | READ_ONLY | NO_SUID
        _call("mount", None, bytes(root / path.relative_to("/")), None, flags, None)
    for path in hidden:
        if (place := root / path.relative_to("/")).is_dir():
            _call("mount", b"tmpfs", bytes(place), b"tmpfs", NO_SUID | NO_DEVICES, b"size=4k,mode=755")
    for name in DEVICES:
        _show(Path("/dev", name), root / "dev" / name)
    (root / SCRATCH.name).mkdir()
    os.chroot(root)
    os.chdir("/")


def _show(path: Path, place: Path) -> None:
    if path.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    _call("mount", bytes(path.resolve()), bytes(place), None, BIND | RECURSIVE, None)


def alone(enclosed: bool) -> bool:
    """Let the next child that is forked be alone: it sees no other process, and what it writes goes with it.

    Args:
        enclosed: Whether `enclose` has worked.

    Returns:
        Whether all that the child starts ends with it.
    """
    if not enclosed:
        return False
    try:
        _call("unshare", MOUNT | PROCESSES)
        _call("mount", b"tmpfs", bytes(SCRATCH), b"tmpfs", NO_SUID | NO_DEVICES | NO_PROGRAMS, b"size=64m,mode=1777")
    except OSError:
        return False
    return True


def confine(limits: Limits, place: int, in_use: int, is_alone: bool) -> None:
    """Take every right from this process that an answer does not need, for good.

    Args:
        limits: What it may use up.
        place: Number of the answer among those that run at the same time.
        in_use: Bytes of memory that the process has already; 0 if that is not known.
        is_alone: What `alone` said.
    """
    import resource  # there is none on Windows

    is_root = os.geteuid() == 0
    wanted = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    if in_use:
        wanted[resource.RLIMIT_AS] = in_use + limits.memory
    if is_root or is_alone:  # else all that the user has started would count
        wanted[resource.RLIMIT_NPROC] = limits.processes
    for kind, most in wanted.items():
        resource.setrlimit(kind, (most, most))
    if is_root:
        os.setgroups([])
        os.setgid(FIRST_USER + place)
        os.setuid(FIRST_USER + place)
    if sys.platform.startswith("linux"):
        _call("prctl", DIES_WITH_PARENT, 9, 0, 0, 0)
        _call("prctl", NO_NEW_RIGHTS, 1, 0, 0, 0)
        _call("capset", (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())


def memory_in_use() -> int:
    """Return the bytes of address space that this process has; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


REACHING = (
    "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "pty.", "socket.",
    "os.kill", "urllib.", "webbrowser.", "ftplib.", "smtplib.", "resource.", "signal.pidfd",
)  # fmt: skip
"""Events of Python that begin so reach for other programs or other computers."""
PRYING = ("ctypes.", "sys.settrace", "sys.setprofile", "gc.get_")
"""These look into the process itself, or leave Python."""
CHANGING = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink",
            "os.truncate", "os.utime", "shutil.")  # fmt: skip
"""These change files."""


def _without_back_doors(found: Callable[[str], None]) -> None:
    """Take away what starts programs or opens files without an event."""
    import _posixsubprocess  # there is none on Windows

    import torch

    for place, name in (
        (_posixsubprocess, "fork_exec"),
        (torch, "from_file"),
        (torch.UntypedStorage, "from_file"),
        (torch._C, "PyTorchFileReader"),
    ):
        setattr(place, name, lambda *arguments, name=name, **more: found(name))


def watch(found: Callable[[str], None], readable: Sequence[Path], prying: bool, hidden: Sequence[Path] = ()) -> None:
    """Watch from here on what Python is about to do; nothing can take the watch away.

    Args:
        found: Is told what an answer reaches for, and does not return.
        readable: Folders in which files may be read, and links followed.
        prying: Whether looking into the process counts; the checks do so themselves.
        hidden: Folders in them in which none may be read.
    """
    own = os.path.realpath(os.getcwd())
    seen = [os.path.realpath(path) for path in (*readable, *SYSTEM, "/dev", own)]
    unseen = [os.path.realpath(path) for path in hidden]
    watched = REACHING + (PRYING if prying else ())
    _without_back_doors(found)

    def inside(path: Any, folders: Sequence[str]) -> bool:
        if isinstance(path, int):
            return True  # it is open already
        real = os.path.realpath(os.fsdecode(path))
        return any(real == folder or real.startswith(folder + os.sep) for folder in folders)

    def see(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(watched):
            found(event)
        elif event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
            mode, flags = arguments[1] or "", arguments[2] or 0
            writes = any(sign in mode for sign in "wax+") if mode else bool(flags & (os.O_WRONLY | os.O_RDWR))
            if writes and not inside(arguments[0], [own, os.devnull]):
                found("open to write")
            if not inside(arguments[0], seen) or inside(arguments[0], unseen):
                raise PermissionError("an answer reads no files")
        elif event in ("os.listdir", "os.scandir") and not inside(arguments[0] or ".", seen):
            raise PermissionError("an answer reads no folders")
        elif event.startswith(CHANGING) and not inside(arguments[0] or ".", [own]):
            raise PermissionError("an answer changes no files")

    sys.addaudithook(see)
