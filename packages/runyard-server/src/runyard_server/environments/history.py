"""What was locked before, so that the build log can say why this one is new.

One small file per definition in `environments/.inputs/`. A new definition is compared with the
one that has most in common with it; what differs is the answer to "why was it rebuilt?".
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from runyard.protocol.environments import LockRecord
from runyard_server.environments import conda_accounts
from runyard_server.environments.inputs import Inputs

KEPT = 200


@dataclass(frozen=True)
class Before:
    """What was locked before.

    Args:
        facts: What it was asked for.
        lock: Digest of its lock; "" of what an older service has locked.
        python: Its Python.
    """

    facts: frozenset[str]
    lock: str = ""
    python: str = ""


class History:
    """The inputs of the environments made before.

    Args:
        folder: Where they are kept; made when the first one is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def why(self, inputs: Inputs) -> str:
        """Why an environment is made, in one line."""
        found, wanted = self.nearest(inputs), facts(inputs)
        if found is None:
            return "new: no environment was made here before"
        if not found.facts & wanted:
            return "new: it has nothing in common with those made before"
        gone, come = sorted(found.facts - wanted), sorted(wanted - found.facts)
        parts = [f"without {', '.join(gone)}"] if gone else []
        parts += [f"with {', '.join(come)}"] if come else []
        return f"differs from the nearest one made before: {'; '.join(parts)}"

    def nearest(self, inputs: Inputs) -> Before | None:
        """What was locked before that has most in common with inputs, and is not the same."""
        wanted = facts(inputs)

        def likeness(one: Before) -> float:
            return len(one.facts & wanted) / max(len(one.facts | wanted), 1)

        return max((one for one in self._all() if one.facts != wanted), key=likeness, default=None)

    def keep(self, inputs: Inputs, lock: LockRecord) -> None:
        """Remember inputs and the lock that was made of them; the oldest beyond 200 go."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{inputs.hash}.json"
        draft = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
        kept = {"facts": sorted(facts(inputs)), "lock": lock.digest, "python": lock.python}
        draft.write_text(json.dumps(kept), "utf-8")
        draft.replace(path)
        for old in self._files()[KEPT:]:
            old.unlink(missing_ok=True)

    def _all(self) -> list[Before]:
        found = []
        for path in self._files():
            try:
                found.append(_read(json.loads(path.read_text("utf-8"))))
            except (OSError, ValueError, KeyError):
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


def _read(kept: object) -> Before:
    if isinstance(kept, dict):
        return Before(frozenset(map(str, kept["facts"])), str(kept["lock"]), str(kept["python"]))
    # Of a service that kept no more.
    return Before(frozenset(map(str, kept)) if isinstance(kept, list) else frozenset())


def facts(inputs: Inputs) -> frozenset[str]:
    """The inputs as one set of short texts, for people to compare."""
    plain = asdict(inputs)
    found = [*inputs.requirements, *inputs.options]
    found += [
        f"{name.replace('_', ' ')} {plain[name]}"
        for name in ("python", "index_url", "as_of", "compatibility", "platform")
        if plain[name]
    ]
    if inputs.conda is not None:
        found += [f"conda {each}" for each in inputs.conda.packages]
        found += [f"channel {conda_accounts.public(each)}" for each in inputs.conda.channels]
    return frozenset(found)
