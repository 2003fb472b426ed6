"""The Pythons of this machine: on PATH, in pyenv, those uv manages, and the service's own.

Found by where interpreters lie and what they are called; each is asked once for its version. The
answers are remembered by path and time, so that a second look starts no process. pyenv's shims
are passed over: what they run depends on the folder they are called in.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

Version = tuple[int, int, int]
_SECONDS = 20
_ASK = (
    "import sys, json, platform; print(json.dumps([list(sys.version_info[:3]), "
    "platform.python_implementation(), sys.executable]))"
)
HELD_SECONDS = 1.0
_looks: dict[tuple[int, int], tuple[float, bool]] = {}
_known: dict[tuple[str, int], "Interpreter | None"] = {}


@dataclass(frozen=True)
class Interpreter:
    """A Python: its path and version."""

    path: str
    version: Version

    @property
    def minor(self) -> tuple[int, int]:
        """Major and minor version."""
        return self.version[:2]

    @property
    def dotted(self) -> str:
        """The version as text."""
        return ".".join(map(str, self.version))


def everything(environ: dict[str, str] | None = None) -> list[Interpreter]:
    """The Pythons of this machine, newest first, one per version.

    Of those of one version the service's own is preferred, then pyenv's and uv's, then PATH's.

    Args:
        environ: Variables of the process; those of this one by default.
    """
    environ = dict(os.environ) if environ is None else environ
    with ThreadPoolExecutor(8, thread_name_prefix="pythons") as pool:
        found = [one for one in pool.map(ask, _candidates(environ)) if one is not None]
    first: dict[Version, Interpreter] = {}
    for one in found:
        first.setdefault(one.version, one)
    return sorted(first.values(), key=lambda one: one.version, reverse=True)


def has(minor: tuple[int, int]) -> bool:
    """Whether there is a Python of a minor on this machine, now or a second ago."""
    # It is asked for each run, in the scheduler's loop, and a look takes 3 ms of it.
    now = time.monotonic()
    looked, found = _looks.get(minor, (-HELD_SECONDS, False))
    if now - looked >= HELD_SECONDS:
        found = any(one.minor == minor for one in everything())
        _looks[minor] = now, found
    return found


def ask(path: str) -> Interpreter | None:
    """Ask an interpreter for its version; None if it is none, or is no CPython."""
    try:
        key = (path, os.stat(path).st_mtime_ns)  # noqa: PTH116 - also of what is no file
    except OSError:
        return None
    if key not in _known:
        found = _asked(path)
        _known[key] = found and Interpreter(path, found.version)
    return _known[key]


def to_run_jobs(path: str) -> Interpreter | None:
    """An interpreter that a user cares for, None if it cannot run jobs.

    A shim of pyenv runs another one in each folder: what it runs now is meant.
    """
    found = _asked(path)
    if found is None or found.minor < (3, 7):
        return None
    return found if Path(path).parent.name == "shims" else Interpreter(path, found.version)


def located(interpreter: str) -> str:
    """Find a user-managed interpreter on PATH; `python` may be called `python3`; "" if nowhere."""
    found = shutil.which(Path(interpreter).expanduser())
    if found is None and interpreter == "python":
        found = shutil.which("python3")
    return str(Path(found).absolute()) if found else ""


def contents(path: str) -> list[str]:
    """What an interpreter has, as lines `name==version`: itself, and all that is installed in it.

    Read from the names of folders, in about a millisecond: nothing of it is started.

    Args:
        path: The interpreter; one that is not on this machine has nothing.
    """
    found = ask(path)
    if found is None:
        return []
    lines = {
        f"{parts[0]}=={parts[1]}"
        for folder in _package_folders(Path(path), found)
        for parts in map(_name_and_version, _names(folder))
        if parts
    }
    return [f"python=={found.dotted}", *sorted(lines, key=str.lower)]


def matching(found: Iterable[Interpreter], wanted: str) -> Interpreter | None:
    """The best Python for a version: that very one, else the newest of its minor."""
    parts = tuple(int(part) for part in wanted.split("."))
    fits = [one for one in found if one.version[: len(parts[:2])] == parts[:2]]
    exact = [one for one in fits if one.version[: len(parts)] == parts]
    return next(iter(exact), None) or next(iter(fits), None)


def own() -> Interpreter:
    """The service's own Python, outside of its virtual environment."""
    base = getattr(sys, "_base_executable", "") or sys.executable
    return Interpreter(base, sys.version_info[:3])


def _asked(path: str) -> Interpreter | None:
    try:
        done = subprocess.run(
            # Neither the user's variables nor start-up code of packages may have a say in the
            # answer.
            [path, "-I", "-S", "-c", _ASK],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        version, kind, executable = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if kind != "CPython" or not executable:
        return None
    major, minor, patch = version
    return Interpreter(executable, (major, minor, patch))


def _candidates(environ: dict[str, str]) -> list[str]:
    """The paths that may be interpreters, in order of preference, without repeats."""
    found = [own().path]
    for folder in _folders(environ):
        found += _in_folder(folder)
    return list(dict.fromkeys(found))


def _folders(environ: dict[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME", "") or "~").expanduser()
    pyenv = Path(environ.get("PYENV_ROOT", "") or home / ".pyenv")
    path = [Path(part) for part in environ.get("PATH", "").split(os.pathsep) if part]
    # pyenv may lie elsewhere, or belong to another user: its shims on PATH lead to it.
    roots = [pyenv, *(part.parent for part in path if part.name == "shims")]
    for root in dict.fromkeys(roots):
        yield from sorted(root.glob("versions/3.*/bin"), reverse=True)
    data = Path(environ.get("XDG_DATA_HOME", "") or home / ".local" / "share")
    managed = Path(environ.get("UV_PYTHON_INSTALL_DIR", "") or data / "uv" / "python")
    yield from sorted(managed.glob("cpython-3.*/bin"), reverse=True)
    yield from (part for part in path if part.name != "shims")


def _in_folder(folder: Path) -> list[str]:
    """The interpreters of a folder; a virtual environment's are passed over."""
    if (folder.parent / "pyvenv.cfg").exists():
        return []
    named = sorted(folder.glob("python3.[0-9]*"), key=lambda path: path.name)
    # Beside python3.11 there lie python3.11-config and the like.
    usable = [path for path in named if path.name.removeprefix("python3.").isdigit()]
    if not usable:
        usable = [path for path in (folder / "python3", folder / "python") if path.exists()][:1]
    return [str(path) for path in usable if os.access(path, os.X_OK)]


def _package_folders(path: Path, python: Interpreter) -> list[Path]:
    """Where an interpreter's packages are; those of a virtual environment are in it alone."""
    minor = "python{}.{}".format(*python.minor)
    if (path.parent.parent / "pyvenv.cfg").exists():
        return [path.parent.parent / "lib" / minor / "site-packages"]
    prefix = path.resolve().parent.parent
    debian = [prefix / "lib" / "python3" / "dist-packages"]
    debian += [Path("/usr/local/lib") / minor / "dist-packages"] if prefix == Path("/usr") else []
    own = Path.home() / ".local" / "lib" / minor / "site-packages"
    return [prefix / "lib" / minor / "site-packages", *debian, own]


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names, and no object for each of hundreds
    except OSError:
        return []


def _name_and_version(name: str) -> list[str]:
    """`numpy-1.26.0.dist-info` taken apart; nothing of any other name."""
    stem, _, ending = name.rpartition(".")
    parts = stem.split("-")
    is_one = ending in ("dist-info", "egg-info") and len(parts) > 1
    return parts[:2] if is_one else []
