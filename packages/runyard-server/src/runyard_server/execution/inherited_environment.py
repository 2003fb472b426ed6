"""The environment that a job inherits from its client: it must never be in the history.

For `target='local'` a job inherits the client's environment, which may hold secrets: it is written
to a file for its owner alone (mode 0600) in the run folder and goes with that folder.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from runyard.protocol.jobs import INHERITED_FILE
from runyard_server.core.system import System
from runyard_server.store.folders import full_disk

_OWNER_ONLY = 0o600


def keep_inherited(folder: Path, variables: Mapping[str, str]) -> None:
    """Keep the client's environment for the job, whole or not at all."""
    if variables:
        write_private(folder, INHERITED_FILE, msgspec.json.encode(dict(variables)))


def inherited(system: System, run: str) -> dict[str, str]:
    """What a run has inherited; nothing where it has no folder any more."""
    try:
        text = (system.home.run(run) / INHERITED_FILE).read_bytes()
    except OSError:
        return {}
    return msgspec.json.decode(text, type=dict[str, str])


def hand_down(system: System, above: str, run: str) -> None:
    """Link what a run has inherited into the folder of one below it.

    Args:
        system: The service's parts.
        above: Id of the run that has inherited it.
        run: Id of the other.
    """
    kept = system.home.run(above) / INHERITED_FILE
    folder = system.home.run(run)
    # It may be there of a service that was killed before the run was written down.
    if kept.exists() and not (folder / INHERITED_FILE).exists():
        with full_disk(f"{INHERITED_FILE} of run {run}"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A link: hundreds of runs share one file, and secrets lie in one place.
            os.link(kept, folder / INHERITED_FILE)


def write_private(folder: Path, name: str, content: bytes) -> None:
    """Write a file for its owner alone, by rename.

    Args:
        folder: Made if missing, for its owner alone.
        name: The file's name in it.
        content: Its bytes.
    """
    with full_disk(f"{name} of run {folder.name}"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = folder / f".{name}-{secrets.token_hex(4)}"
        # Made with its mode, not given it afterwards: at no moment can others read it.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            temporary.rename(folder / name)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
