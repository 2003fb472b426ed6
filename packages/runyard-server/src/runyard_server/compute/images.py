"""The images of this machine's engine that a service's jobs have made, by their label.

An image that was fetched belongs to whoever runs the machine, and is left alone. What agents have
built (`runyard.runtime.images`) has the state folder as a label, and names of its own, by which it
is removed: an image that somebody has given another name stays under that, and one that a container
uses stays altogether, for the engine refuses.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from runyard_server.compute.containers import HOME_LABEL, ask

LOCK_LABEL, BASE_LABEL = "runyard.lock", "runyard.base"
_OWN_NAMES = "localhost/runyard-"


@dataclass(frozen=True)
class BuiltImage:
    """An image that was built here.

    Args:
        id: Its id.
        names: The names that it was given here.
        lock: The lock of its environment, "" for the base that a Dockerfile made.
        base: What it was made of.
        size: Bytes of its layers that no image has which stays, or is counted before it.
        created_at: When it was made.
    """

    id: str
    names: tuple[str, ...]
    lock: str
    base: str
    size: int
    created_at: str


def built(engine: str, home: str) -> list[BuiltImage]:
    """The images that were built for a state folder; those without layers of their own come last.

    Args:
        engine: The engine's program.
        home: The state folder.
    """
    ids = ask(engine, "image", "ls", "--all", "--quiet", "--no-trunc").split()
    told: list[dict[str, Any]] = []
    if ids:
        told = json.loads(ask(engine, "image", "inspect", *dict.fromkeys(ids)) or "[]")
    mine = [one for one in told if _labels(one).get(HOME_LABEL) == home]
    known = [one for one in told if one not in mine]
    found = []
    # A layer counts where it is first: what is above shares it.
    for one in sorted(mine, key=lambda one: len(_layers(one))):
        shared = max((int(each["Size"]) for each in known if _is_below(each, one)), default=0)
        found.append(_image(one, max(int(one["Size"]) - shared, 0)))
        known.append(one)
    return found


def remove(
    engine: str, images: Iterable[BuiltImage], is_unused: Callable[[BuiltImage], bool]
) -> list[BuiltImage]:
    """Remove images, those that are made of others first; list those that are gone.

    Args:
        engine: The engine's program.
        images: What `built` gave, or some of it.
        is_unused: Asked of each just before: an engine may take long over those before it.
    """
    removed = []
    for one in sorted(images, key=lambda one: not one.lock):
        if is_unused(one):
            # Never by force, with which an engine would end what uses it.
            ask(engine, "image", "rm", *(one.names or (one.id,)))
            removed.append(one)
    left = set(ask(engine, "image", "ls", "--all", "--quiet", "--no-trunc").split())
    if not left and not ask(engine, "version"):
        # It does not answer, which is not to say that they are gone.
        return []
    return [one for one in removed if not left & {one.id, f"sha256:{one.id}"}]


def _image(told: dict[str, Any], size: int) -> BuiltImage:
    labels = _labels(told)
    names = [str(name) for name in told.get("RepoTags") or []]
    return BuiltImage(
        id=str(told["Id"]).rpartition(":")[2],
        names=tuple(name for name in names if name.startswith(_OWN_NAMES)),
        lock=labels.get(LOCK_LABEL, ""),
        base=labels.get(BASE_LABEL, ""),
        size=size,
        created_at=str(told.get("Created", "")),
    )


def _is_below(one: dict[str, Any], other: dict[str, Any]) -> bool:
    layers = _layers(one)
    return bool(layers) and list(_layers(other)[: len(layers)]) == list(layers)


def _layers(told: dict[str, Any]) -> Sequence[str]:
    return list((told.get("RootFS") or {}).get("Layers") or [])


def _labels(told: dict[str, Any]) -> dict[str, str]:
    # Docker has them below, Podman in both places.
    found = (told.get("Config") or {}).get("Labels") or told.get("Labels") or {}
    return {str(name): str(value) for name, value in found.items()}
