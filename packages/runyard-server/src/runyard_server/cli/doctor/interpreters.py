"""Which Pythons there are for jobs, and which framework versions they can run."""

import subprocess
import sys
from collections.abc import Iterator

from uv import find_uv_bin

from runyard.sdk import frameworks
from runyard_server.cli.doctor.finding import BROKEN, NOTE, OK, Finding
from runyard_server.environments import interpreters

Version = tuple[int, ...]
OLD_TENSORFLOW = "1.13"
OLD_PYTHON = (3, 7)
OLDEST_PYTHON = (3, 7)
SECONDS = 60


def platform() -> Iterator[Finding]:
    """Name the machine's kind; the service needs Linux or macOS."""
    if sys.platform == "win32":
        yield Finding("platform", BROKEN, "the service does not run on Windows", "wsl --install")
    else:
        yield Finding("platform", OK, f"{sys.platform}, Python {_dotted(sys.version_info[:3])}")


def uv() -> Iterator[Finding]:
    """Find uv, which makes the environments."""
    try:
        done = subprocess.run(
            [find_uv_bin(), "--version"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        mend = f"{sys.executable} -m pip install --force-reinstall uv"
        yield Finding("uv", BROKEN, f"it makes the environments and does not run: {error}", mend)
    else:
        yield Finding("uv", OK, done.stdout.split("(")[0].strip().removeprefix("uv "))


def pythons() -> Iterator[Finding]:
    """List the interpreters, and what of TensorFlow they can run."""
    minors = {interpreter.minor for interpreter in interpreters.everything()}
    found: list[Version] = sorted(minor for minor in minors if minor >= OLDEST_PYTHON)
    yield Finding("Pythons", OK, ", ".join(map(_dotted, found)))
    versions = ", ".join(_tensorflow(found)) or "none"
    if OLD_PYTHON in found:
        yield Finding("TensorFlow", OK, f"can run {versions}")
    else:
        text = (
            f"can run {versions}; {OLD_TENSORFLOW} (the v1 default) needs Python 3.7, or else "
            "today's runs in its place, in compatibility mode"
        )
        yield Finding("TensorFlow", NOTE, text, "pyenv install 3.7")


def _tensorflow(found: list[Version]) -> Iterator[str]:
    for version in frameworks.versions(frameworks.TENSORFLOW):
        row = frameworks.find(frameworks.TENSORFLOW, version)
        # Some rows stand for another version than the one that is asked for.
        if row is None or row.instead or row.pythons is None:
            continue
        oldest, newest = row.pythons
        if any(oldest <= python <= newest for python in found):
            yield version


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))
