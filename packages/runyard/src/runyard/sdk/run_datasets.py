"""The datasets of a run: what its job reads, and how its details tell of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional

from runyard.protocol.errors import NotFound
from runyard.sdk import jobs
from runyard.sdk.dataset_factories import dataset_of
from runyard.sdk.dataset_inputs import DIRECT, InputDatasets, job_modes
from runyard.sdk.exceptions import translated

if TYPE_CHECKING:
    from runyard.protocol.datasets import RunDatasetRecord
    from runyard.sdk.runs import Run
    from runyard.sdk.workspaces import Workspace

_MECHANISMS = {"direct": "Direct", "mount": "Mount", "download": "Download", "upload": "Upload"}


def inputs_of(run: Run) -> InputDatasets:
    """What a run reads, by name: in its own job the paths, elsewhere the datasets."""
    # v1's scripts note there what they have found themselves, and ask for it again.
    noted = vars(run).setdefault("_noted_inputs", {})
    if os.environ.get(jobs.RUN_ID) == run.id:
        return InputDatasets(job_modes(), lambda name: _resolved(run, name), noted)
    with translated():
        records = run.experiment.workspace.service.datasets.of_run(run.id).items
    modes = {one.name: DIRECT for one in records if one.use == "input"}
    return InputDatasets(modes, lambda name: _resolved(run, name), noted)


def part_of_input(run: Run, name: str, values: Mapping[str, Optional[str]]) -> Any:
    """The part of an input of a run whose partition keys have these values.

    Args:
        run: The run.
        name: The input's name.
        values: The values by key; {} for all of it.
    """
    found = _resolved(run, name)
    return found._of_keys(values) if values else found


def told(workspace: Workspace, records: List[RunDatasetRecord], use: str) -> List[Dict[str, Any]]:
    """A run's datasets as `get_details()` has them: each is found when it is asked for.

    Args:
        workspace: The run's workspace.
        records: What the run reads and makes.
        use: `input` or `output`.
    """
    return [
        _output(workspace, one) if one.use == "output" else _input(workspace, one)
        for one in records
        # What the script has looked up, it reads.
        if one.use == use or (use, one.use) == ("input", "reference")
    ]


def _resolved(run: Run, name: str) -> Any:
    workspace = run.experiment.workspace
    with translated():
        records = workspace.service.datasets.of_run(run.id).items
    (one,) = [each for each in records if (each.use, each.name) == ("input", name)]
    return _found(workspace, one)


def _found(workspace: Workspace, one: RunDatasetRecord) -> Any:
    place = f"{one.registered}:{one.version}" if one.registered else one.dataset
    with translated():
        try:
            record = workspace.service.datasets.get(place)
        except NotFound:
            record = None
        if record is None or record.id != one.dataset:
            # The name was given up since, and may be another dataset's by now; the id stays.
            record = workspace.service.datasets.get(one.dataset)
    return dataset_of(workspace, record)


class _Told(Dict[str, Any]):
    """A dict whose `dataset` is found when it is read: to print details asks nothing."""

    def __init__(self, workspace: Workspace, one: RunDatasetRecord, rest: Dict[str, Any]) -> None:
        super().__init__({"dataset": {"id": one.dataset}, **rest})
        self._workspace = workspace
        self._one = one

    def __getitem__(self, key: str) -> Any:
        found = super().__getitem__(key)
        return _found(self._workspace, self._one) if key == "dataset" else found


def _input(workspace: Workspace, one: RunDatasetRecord) -> _Told:
    if one.use == "reference":
        return _Told(workspace, one, {"consumptionDetails": {"type": "Reference"}})
    details = {
        "type": "RunInput",
        "inputName": one.name,
        "mechanism": _MECHANISMS.get(one.mode, one.mode),
    }
    return _Told(workspace, one, {"consumptionDetails": details})


def _output(workspace: Workspace, one: RunDatasetRecord) -> _Told:
    version = one.version or None
    identifier = {
        "savedId": one.dataset,
        "registeredId": one.dataset if version else None,
        "registeredVersion": str(version) if version else None,
    }
    rest = {
        "identifier": identifier,
        "outputType": "RunOutput",
        "outputDetails": {"outputName": one.name},
    }
    return _Told(workspace, one, rest)
