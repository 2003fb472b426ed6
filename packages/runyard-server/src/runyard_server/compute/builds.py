"""Builds of images that were broken off: the containers in which Podman worked.

A Podman that is killed, also by SIGTERM, leaves the container in which it ran a Dockerfile's
commands, with all that these wrote. Neither `podman ps` nor a prune of images shows it. Its
builder's state has the build's arguments, and among them who had it built
(`runyard.runtime.images`).
"""

import json
from pathlib import Path
from typing import Any

from runyard.protocol import procfs
from runyard.protocol.containers import BUILDER
from runyard_server.compute.containers import ask

_PODMAN = "podman"
_STORE = "{{.Store.GraphRoot}}/{{.Store.GraphDriverName}}-containers"


def abandoned(engine: str, home: str) -> list[str]:
    """The ids of containers in which builds for a state folder worked whose agents are dead.

    Args:
        engine: The engine's program.
        home: The state folder.
    """
    # Docker's builds have no containers that outlive them.
    if not Path(engine).name.startswith(_PODMAN):
        return []
    told = json.loads(ask(engine, "ps", "--all", "--external", "--format", "json") or "[]")
    found = [str(one["Id"]) for one in told if one.get("Command") == ["buildah"]]
    if not found:
        return []
    store = Path(ask(engine, "info", "--format", _STORE).strip())
    return [one for one in found if _is_left(store / one / "userdata" / "buildah.json", home)]


def _is_left(state: Path, home: str) -> bool:
    try:
        told: dict[str, Any] = json.loads(json.loads(state.read_bytes())["Args"][BUILDER])
        of, pid, moment = told["home"], int(told["pid"]), told["moment"]
    except (OSError, ValueError, KeyError, TypeError):
        # Somebody else's, who may have it on purpose.
        return False
    fields = procfs.stat(pid)
    lives = bool(fields) and procfs.moment(fields, procfs.boot()) == moment
    return of == home and not (lives and not procfs.is_dead(fields))
