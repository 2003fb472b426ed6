"""The datasets that models were made with."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Dict, List, Sequence, Set, Tuple

from runyard.protocol.models import ModelDataset
from runyard.sdk.dataset_factories import Dataset
from runyard.sdk.datasets import AbstractDataset
from runyard.sdk.exceptions import WebserviceException, translated

if TYPE_CHECKING:
    from runyard.protocol.models import RegisterModel
    from runyard.sdk.workspaces import Workspace

SAMPLES = ("sample_input", "sample_output")


def added(
    order: RegisterModel, workspace: Workspace, datasets: Any, samples: Sequence[Any] = ()
) -> RegisterModel:
    """An order to register a model, with the datasets that it was made with.

    Args:
        order: The order.
        workspace: The workspace; it keeps the datasets' definitions from now on.
        datasets: Pairs of what for and dataset; None for none.
        samples: A dataset like what it is asked, and one like what it answers, or None.

    Raises:
        WebserviceException: One of them is no dataset.
    """
    more = [pair for pair in zip(SAMPLES, samples) if pair[1] is not None]
    return dataclasses.replace(order, datasets=told(workspace, [*(datasets or ()), *more]))


def told(workspace: Workspace, datasets: Sequence[Any]) -> List[ModelDataset]:
    """Datasets and what they are for, as the service gets them.

    Args:
        workspace: The workspace; it keeps their definitions from now on.
        datasets: Pairs of what for and dataset.

    Raises:
        WebserviceException: One of them is no such pair, or no dataset.
    """
    pairs: List[Tuple[Any, Any]] = [_pair(each) for each in datasets]
    return [ModelDataset(str(scenario), _named(one, workspace)) for scenario, one in pairs]


def of(workspace: Workspace, model: str) -> Dict[str, List[Any]]:
    """The datasets of a model version, by what they were for.

    Args:
        workspace: The workspace.
        model: `name:version`.
    """
    with translated():
        pairs = workspace.service.models.get(model).datasets
    found: Dict[str, List[Any]] = {}
    for each in pairs:
        if each.scenario not in SAMPLES:
            one = Dataset.get_by_id(workspace, each.dataset)
            found.setdefault(each.scenario, []).append(one)
    return found


def with_dataset(workspace: Workspace, dataset: str) -> Set[str]:
    """The ids of the model versions that were registered with a dataset."""
    with translated():
        readers = workspace.service.datasets.readers(dataset).items
    return {each.id for each in readers if each.kind == "model"}


def _pair(given: Any) -> Tuple[Any, Any]:
    if not isinstance(given, (tuple, list)) or len(given) != 2:  # noqa: PLR2004 - a pair
        raise WebserviceException(
            f"datasets must be pairs such as (Dataset.Scenario.TRAINING, dataset), not {given!r}"
        )
    return given[0], given[1]


def _named(dataset: Any, workspace: Workspace) -> str:
    if not isinstance(dataset, AbstractDataset):
        raise WebserviceException(
            f"a model's dataset must be a TabularDataset or a FileDataset, not {dataset!r}"
        )
    id_ = dataset._ensure_saved(workspace)
    return f"{dataset.name}:{dataset.version}" if dataset.name else id_
