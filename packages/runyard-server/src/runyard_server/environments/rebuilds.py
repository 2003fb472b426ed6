"""Why an environment is made anew: which input differs from the most similar known one."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

FOLDER = "definitions"
_RECENT = 50


def remember(folder: Path, key: str, inputs: Mapping[str, object]) -> None:
    """Keep the inputs of a definition that was locked."""
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    temporary = place / f".{key}-{time.monotonic_ns()}"
    temporary.write_text(json.dumps(inputs), "utf-8")
    temporary.replace(place / f"{key}.json")


def explain(folder: Path, inputs: Mapping[str, object]) -> Iterator[str]:
    """Say in lines for the build log how a new definition differs from the nearest known one."""
    nearest = min(
        _known(folder), key=lambda old: len(list(_differences(old, inputs))), default=None
    )
    if nearest is None:
        yield "No environment has been made yet: this is the first"
        return
    differences = list(_differences(nearest, inputs))
    if differences:
        yield "A new environment is needed; against the nearest one: " + "; ".join(differences[:8])


def _known(folder: Path) -> Iterator[Mapping[str, object]]:
    files = sorted(
        (folder / FOLDER).glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True
    )
    for file in files[:_RECENT]:
        try:
            yield json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            continue


def _differences(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if isinstance(before, list) and isinstance(after, list):
            yield from (f"+ {line}" for line in after if line not in before)
            yield from (f"- {line}" for line in before if line not in after)
        elif before != after:
            yield f"{name}: {before or 'none'} -> {after or 'none'}"
