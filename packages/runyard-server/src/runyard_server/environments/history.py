"""What was locked before, so that the build log can say why this one is new.

One small file per definition in `environments/.inputs/`. A new definition is compared with the
one that has most in common with it; what differs is the answer to "why was it rebuilt?".
"""

import json
import os
import secrets
from dataclasses import asdict
from pathlib import Path

from runyard_server.environments.inputs import Inputs

KEPT = 200


class History:
    """The inputs of the environments made before.

    Args:
        folder: Where they are kept; made when the first one is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def why(self, inputs: Inputs) -> str:
        """Why an environment is made, in one line."""
        before = [one for one in self._all() if one != _facts(inputs)]
        if not before:
            return "new: no environment was made here before"
        wanted = _facts(inputs)
        nearest = max(before, key=lambda one: len(one & wanted) / max(len(one | wanted), 1))
        if not nearest & wanted:
            return "new: it has nothing in common with those made before"
        gone, come = sorted(nearest - wanted), sorted(wanted - nearest)
        parts = [f"without {', '.join(gone)}"] if gone else []
        parts += [f"with {', '.join(come)}"] if come else []
        return f"differs from the nearest one made before: {'; '.join(parts)}"

    def keep(self, inputs: Inputs) -> None:
        """Remember inputs; the oldest beyond 200 are forgotten."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{inputs.hash}.json"
        draft = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
        draft.write_text(json.dumps(sorted(_facts(inputs))), "utf-8")
        draft.replace(path)
        for old in self._files()[KEPT:]:
            old.unlink(missing_ok=True)

    def _all(self) -> list[frozenset[str]]:
        found = []
        for path in self._files():
            try:
                found.append(frozenset(map(str, json.loads(path.read_text("utf-8")))))
            except (OSError, ValueError):
                continue
        return found

    def _files(self) -> list[Path]:
        """The files, newest first."""
        try:
            entries = [entry for entry in os.scandir(self._folder) if entry.name.endswith(".json")]
            ages = {entry.path: entry.stat().st_mtime_ns for entry in entries}
        except FileNotFoundError:
            return []
        return [Path(path) for path in sorted(ages, key=lambda path: -ages[path])]


def _facts(inputs: Inputs) -> frozenset[str]:
    """The inputs as one set of short texts."""
    plain = asdict(inputs)
    found = [*inputs.requirements, *inputs.options]
    found += [
        f"{name.replace('_', ' ')} {plain[name]}"
        for name in ("python", "index_url", "as_of", "compatibility", "platform")
        if plain[name]
    ]
    if inputs.conda is not None:
        found += [f"conda {each}" for each in inputs.conda.packages]
        found += [f"channel {each}" for each in inputs.conda.channels]
    return frozenset(found)
