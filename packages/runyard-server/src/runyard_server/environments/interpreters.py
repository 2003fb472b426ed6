"""Pythons for jobs: those on PATH, in pyenv and of uv; what is missing is fetched where it can be.

uv lists and inspects them; pyenv's own start scripts hide its versions, so its folders are put on
the path by hand.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from runyard.protocol.errors import EnvironmentFailed
from runyard_server.environments import tool

# Pythons for which current packages have builds, in the order in which we choose.
USUAL = ((3, 12), (3, 11), (3, 13), (3, 10))
FETCH_SECONDS = 300
LIST_SECONDS = 60
_TENSORFLOW = {
    (3, 7): "1.13 to 2.11",
    (3, 8): "2.2 to 2.13",
    (3, 9): "2.5 to 2.20",
    (3, 10): "2.8 to 2.21",
    (3, 11): "2.12 to 2.21",
    (3, 12): "2.16 to 2.21",
    (3, 13): "2.20 to 2.21",
}


@dataclass(frozen=True)
class Interpreter:
    """A Python: its version (`3.7.16`) and its absolute path."""

    version: str
    path: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version as numbers."""
        return _numbers(self.version)

    @property
    def minor(self) -> tuple[int, int]:
        """Major and minor."""
        return (self.numbers[0], self.numbers[1])


def search_path() -> str:
    """Give PATH with pyenv's versions in front of what would hide them."""
    usual = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part]
    roots = [Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()]
    # pyenv may be another user's or elsewhere: its start scripts on PATH lead to it.
    roots += [Path(part).parent for part in usual if part.endswith("shims")]
    folders = [str(folder) for root in roots for folder in sorted(root.glob("versions/3.*/bin"))]
    return os.pathsep.join([*folders, *(part for part in usual if not part.endswith("shims"))])


def find_all(packages: Path) -> list[Interpreter]:
    """List the Pythons of this machine, oldest first, one for each version."""
    arguments = ("python", "list", "--only-installed", "--output-format", "json")
    try:
        done = _uv(packages, *arguments, seconds=LIST_SECONDS)
        rows = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        rows = []
    found = {own().version: own().path}
    for row in rows:
        usable = row.get("implementation", "cpython") == "cpython" and row.get("path")
        if usable and row.get("variant", "default") == "default":
            found.setdefault(row["version"], row["path"])
    return sorted((Interpreter(v, p) for v, p in found.items()), key=lambda i: i.numbers)


def own() -> Interpreter:
    """Give the Python that runs the service, outside its virtual environment."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return Interpreter(".".join(map(str, sys.version_info[:3])), str(Path(base).resolve()))


def wanted(python: str) -> str:
    """Say which Python a definition's wish means; "" is ours if packages have builds for it.

    Raises:
        EnvironmentFailed: The wish is no version.
    """
    if not python:
        usual = own().minor in USUAL
        return ".".join(map(str, own().minor if usual else USUAL[0]))
    match = re.fullmatch(r"[=~]*\s*(\d+(?:\.\d+){0,2})(?:\.\*)?", python.strip())
    if match is None:
        raise EnvironmentFailed(
            f"{python!r} is no Python version; write it like '3.11' or '3.7.16'"
        )
    return match.group(1)


def find(python: str, packages: Path, log: Callable[[str], None]) -> Interpreter:
    """Give the Python that a definition asks for; fetch it where it is missing.

    Args:
        python: A version, `3.7` or `3.7.16`.
        packages: uv's cache.
        log: Takes lines for the build log.

    Raises:
        EnvironmentFailed: It is not here and cannot be fetched; names those found and which
            TensorFlow versions they can run.
    """
    present = find_all(packages)
    fitting = _fitting(python, present)
    if fitting is None and _numbers(python) >= (3, 7):
        log(f"Python {python} is not on this machine; fetching it")
        if _fetch(".".join(python.split(".")[:2]), packages, log):
            fitting = _fitting(python, find_all(packages))
    if fitting is None:
        raise EnvironmentFailed(_missing(python, present))
    if not (fitting.version + ".").startswith(python + "."):
        log(f"Python {python} is not here; {fitting.version} is of the same line and is used")
    return fitting


def _fitting(python: str, present: Iterable[Interpreter]) -> Interpreter | None:
    """Give the newest that the version means, else the newest of the same minor version."""
    numbers = _numbers(python)
    for length in (len(numbers), min(2, len(numbers))):
        for interpreter in sorted(present, key=lambda i: i.numbers, reverse=True):
            if interpreter.numbers[:length] == numbers[:length]:
                return interpreter
    return None


def _fetch(minor: str, packages: Path, log: Callable[[str], None]) -> bool:
    if os.environ.get("UV_PYTHON_DOWNLOADS") == "never":
        return False
    try:
        done = _uv(packages, "python", "install", minor, seconds=FETCH_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        log(f"it could not be fetched: {error}")
        return False
    if done.returncode != 0:
        log(f"it could not be fetched: {done.stderr.strip()[-500:]}")
    return done.returncode == 0


def _missing(python: str, present: list[Interpreter]) -> str:
    shown = "; ".join(_shown(interpreter) for interpreter in present)
    minor = ".".join(python.split(".")[:2])
    return (
        f"Python {python} was not found on this machine and could not be fetched. Found: {shown}. "
        f"Install it (for example `pyenv install {minor}`) or ask for one of those found."
    )


def _shown(interpreter: Interpreter) -> str:
    runs = _TENSORFLOW.get(interpreter.minor)
    return interpreter.version + (f" (can run TensorFlow {runs})" if runs else "")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _uv(packages: Path, *arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tool.program(), *arguments],
        env={**tool.whole(packages, os.environ), "PATH": search_path()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
