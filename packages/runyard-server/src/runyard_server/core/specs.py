"""What was submitted: kept as JSON, read back as the record it was."""

from collections.abc import Iterable

import msgspec

from runyard.protocol.runs import RunSpec
from runyard_server.core.work import Work
from runyard_server.store import runs

_SPEC = msgspec.json.Decoder(RunSpec)


def text_of(spec: RunSpec) -> str:
    """A spec as it is kept."""
    return msgspec.json.encode(spec).decode()


def of_run(work: Work, key: int) -> RunSpec:
    """The spec of a run, by its key."""
    return _SPEC.decode(runs.spec(work.connection, key))


def of_runs(work: Work, keys: Iterable[int]) -> dict[int, RunSpec]:
    """The specs of several runs, by key."""
    found = runs.specs(work.connection, keys)
    return {key: _SPEC.decode(text) for key, text in found.items()}
