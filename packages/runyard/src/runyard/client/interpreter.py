"""Which program is the service, seen from a client that may run on an older Python.

`RUNYARD_SERVICE` (an interpreter, or a `runyard` command), then this interpreter if it has the
service, then the `runyard` command on PATH.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import List, Optional

from runyard.protocol.errors import ServiceUnreachable
from runyard.protocol.service import SERVICE_VARIABLE

OLDEST = (3, 11)
NEWEST_MINOR = 16
_NEW = "~/.local/share/runyard"
# Without -P the folder in which the service starts would come first on its path.
MODULE = ["-P", "-m", "runyard_server.app", "--embedded"]


def service_command() -> List[str]:
    """Find the command line that runs the embedded service.

    Raises:
        ServiceUnreachable: Nothing on this machine can; the message names the one command that
            installs it.
    """
    given = os.environ.get(SERVICE_VARIABLE)
    if given:
        return _given(given)
    if sys.version_info >= OLDEST and importlib.util.find_spec("runyard_server") is not None:
        return [sys.executable, *MODULE]
    # Last: on PATH may be one of another version than this client's.
    found = shutil.which("runyard")
    if found is not None:
        return _from_program(Path(found))
    raise ServiceUnreachable(
        "no Runyard service runs and none is installed where this client looks "
        f"({SERVICE_VARIABLE}, {sys.executable}, `runyard` on PATH). Install it with: "
        f"{install_command()}"
    )


def _given(value: str) -> List[str]:
    found = shutil.which(str(Path(value).expanduser()))
    if found is None:
        raise ServiceUnreachable(
            f"{SERVICE_VARIABLE} is {value!r}, which is no program; set it to the Python that has "
            "runyard-server installed, or to its `runyard` command"
        )
    return _from_program(Path(found))


def _from_program(path: Path) -> List[str]:
    """Use an interpreter as it is; of a `runyard` command take the interpreter it names."""
    if path.name.startswith(("python", "pypy")):
        return [str(path), *MODULE]
    interpreter = _shebang(path)
    if interpreter is not None:
        return [interpreter, *MODULE]
    return [str(path), "serve", "--embedded"]


def _shebang(path: Path) -> Optional[str]:
    try:
        with path.open("rb") as file:
            first = file.readline(1024)
    except OSError:
        return None
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    is_python = len(words) == 1 and Path(words[0]).name.startswith("python")
    return words[0] if is_python and os.access(words[0], os.X_OK) else None


def install_command() -> str:
    """The one command that installs the service, with an interpreter that can run it."""
    what = "pip install 'runyard[server]'"
    if sys.version_info >= OLDEST:
        if not _is_externally_managed():
            return f"{sys.executable} -m {what}"
        return _in_new_environment(sys.executable, what)
    for minor in range(NEWEST_MINOR, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found is not None:
            return _in_new_environment(found, what)
    return "uv tool install --python 3.13 runyard-server   (it needs Python 3.11 or newer)"


def _in_new_environment(python: str, what: str) -> str:
    """A command that touches no other environment: distributions lock the system's Python."""
    return (
        f"{python} -m venv {_NEW} && {_NEW}/bin/{what} && "
        f"export {SERVICE_VARIABLE}={_NEW}/bin/python"
    )


def _is_externally_managed() -> bool:
    """Whether pip would refuse to install into this Python (PEP 668)."""
    import sysconfig

    if sys.prefix != sys.base_prefix:
        return False
    return (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists()
