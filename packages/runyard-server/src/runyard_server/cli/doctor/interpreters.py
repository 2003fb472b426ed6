"""Which Pythons there are for jobs, and which framework versions they can run."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from uv import find_uv_bin

from runyard.sdk import frameworks
from runyard_server.cli.doctor.finding import BROKEN, NOTE, OK, Finding

Version = tuple[int, int]
# Where the newest TensorFlow has builds; older ones name their one Python in the table.
NEWEST_TENSORFLOW = ((3, 10), (3, 11), (3, 12), (3, 13))
OLD_TENSORFLOW = "1.13"
OLD_PYTHON = (3, 7)
SECONDS = 60


def platform() -> Iterator[Finding]:
    """Name the machine's kind; the service needs Linux or macOS."""
    if sys.platform == "win32":
        yield Finding("platform", BROKEN, "the service does not run on Windows", "wsl --install")
    else:
        yield Finding("platform", OK, f"{sys.platform}, Python {_dotted(sys.version_info[:3])}")


def uv() -> Iterator[Finding]:
    """Look for uv, which makes the environments."""
    try:
        done = _uv("--version")
    except (OSError, subprocess.SubprocessError) as error:
        mend = f"{sys.executable} -m pip install --force-reinstall uv"
        yield Finding("uv", BROKEN, f"it makes the environments and does not run: {error}", mend)
    else:
        yield Finding("uv", OK, done.split("(")[0].strip().removeprefix("uv "))


def pythons() -> Iterator[Finding]:
    """List the interpreters, and what of TensorFlow they can run."""
    try:
        found = interpreters()
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        yield Finding("Pythons", NOTE, f"they could not be listed: {error}")
        return
    yield Finding("Pythons", OK, ", ".join(map(_dotted, found)))
    versions = ", ".join(_tensorflow(found)) or "none"
    if OLD_PYTHON in found:
        yield Finding("TensorFlow", OK, f"can run {versions}")
    else:
        text = f"can run {versions}; {OLD_TENSORFLOW} (the v1 default) needs Python 3.7"
        yield Finding("TensorFlow", NOTE, text, "pyenv install 3.7")


def interpreters() -> list[Version]:
    """Give the minor versions of the Pythons on PATH, in pyenv and of uv, oldest first."""
    listed = json.loads(_uv("python", "list", "--only-installed", "--output-format", "json"))
    found = {(row["version_parts"]["major"], row["version_parts"]["minor"]) for row in listed}
    return sorted(found)


def _tensorflow(found: list[Version]) -> Iterator[str]:
    for version in frameworks.versions(frameworks.TENSORFLOW):
        row = frameworks.find(frameworks.TENSORFLOW, version)
        if row is None or row.note:
            continue
        wanted = (_version(row.python),) if row.python else NEWEST_TENSORFLOW
        if any(python in found for python in wanted):
            yield version


def _uv(*arguments: str) -> str:
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    folders = [str(folder) for folder in sorted(root.glob("versions/3.*/bin"))]
    path = os.pathsep.join([*folders, os.environ.get("PATH", "")])
    done = subprocess.run(
        [find_uv_bin(), *arguments],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return done.stdout


def _version(text: str) -> Version:
    major, minor = text.split(".")
    return int(major), int(minor)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
