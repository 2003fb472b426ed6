"""`HyperDriveRun`: a sweep as v1 code sees it, with its children and which was best."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, NamedTuple, NoReturn, Optional, Tuple

from runyard.protocol.sweeps import HYPERDRIVE
from runyard.sdk import run_metrics
from runyard.sdk.exceptions import translated
from runyard.sdk.run_base import TERMINAL
from runyard.sdk.runs import Run
from runyard.sdk.v1.hyperdrive.config import HyperDriveConfig
from runyard.sdk.v1.hyperdrive.exceptions import (
    HyperDriveNotImplementedException,
    HyperDriveRunException,
)

if TYPE_CHECKING:
    from runyard.protocol.runs import RunRecord
    from runyard.sdk.experiments import Experiment

# Fewer than the service takes at once (`protocol.metrics.MOST_RUNS`).
_MANY = 500
# Late clients of v1 wrote the tag of a child under this prefix.
_SYSTEM = "_aml_system_"


class _Child(NamedTuple):
    """A child with the best of all values that it logged of the primary metric, or None."""

    run: Run
    number: int
    best: Optional[float]


class HyperDriveRun(Run):
    """A sweep.

    Args:
        experiment: The experiment.
        run_id: The sweep's id.
        hyperdrive_config: Its configuration; None: it is read from the sweep's tags.

    Raises:
        HyperDriveRunException: The run is no sweep.
        UserErrorException: The experiment has no such run.
    """

    def __init__(
        self,
        experiment: Experiment,
        run_id: str,
        hyperdrive_config: Optional[HyperDriveConfig] = None,
        _record: Optional[RunRecord] = None,
        **_: Any,
    ) -> None:
        super().__init__(experiment, run_id, _record=_record)
        kind = self._read().run_type
        if kind != HYPERDRIVE:
            raise HyperDriveRunException(
                f"run {run_id} is of type {kind!r} and no sweep: use Run(experiment, {run_id!r})"
            )
        self._hyperdrive_config = hyperdrive_config

    @property
    def hyperdrive_config(self) -> HyperDriveConfig:
        """The configuration; of a sweep that was fetched it knows what the tags tell."""
        if self._hyperdrive_config is None:
            self._hyperdrive_config = HyperDriveConfig._of_tags(self._read().tags)
        return self._hyperdrive_config

    def get_best_run_by_primary_metric(
        self,
        include_failed: bool = True,
        include_canceled: bool = True,
        include_resume_from_runs: bool = True,
    ) -> Optional[Run]:
        """Find the child with the best of all values that it logged.

        Args:
            include_failed: Also children that failed.
            include_canceled: Also children that were canceled, as by a policy.
            include_resume_from_runs: Also those of the sweeps that this one learned from.

        Returns:
            The child, the first of equals; None if no child logged the metric.
        """
        children = self._ranked_children()
        if include_resume_from_runs:
            children += [child for sweep in self._resumed() for child in sweep._ranked_children()]
        left_out = {"Failed": not include_failed, "Canceled": not include_canceled}
        wanted = [
            child
            for child in children
            if child.best is not None and not left_out.get(child.run.status, False)
        ]
        # Of equal values the first child's, whatever order they ended in.
        best = min(wanted, key=self._rank, default=None)
        return None if best is None else best.run

    def get_children_sorted_by_primary_metric(
        self, top: int = 0, reverse: bool = False, discard_no_metric: bool = False
    ) -> List[Dict[str, Any]]:
        """List the children, best first; those without the metric come last.

        Args:
            top: How many; 0: all.
            reverse: Worst first; those without the metric stay last.
            discard_no_metric: Leave those without the metric out.

        Returns:
            Dicts of `run_id`, `hyperparameters` (JSON or None), `best_primary_metric`, `status`.

        Raises:
            AssertionError: An argument is of another type.
        """
        assert isinstance(top, int), "top must be a whole number"
        assert top >= 0, "top must be a whole number of 0 or more"
        assert isinstance(reverse, bool), "reverse must be True or False"
        assert isinstance(discard_no_metric, bool), "discard_no_metric must be True or False"
        parameters = self.get_hyperparameters()
        children = self._ranked_children()
        ranked = [child for child in children if child.best is not None]
        ranked.sort(key=self._rank, reverse=reverse)
        if not discard_no_metric:
            ranked += [child for child in children if child.best is None]
        return [
            {
                "run_id": child.run.id,
                "hyperparameters": parameters.get(child.run.id),
                "best_primary_metric": child.best,
                "status": child.run.status,
            }
            for child in (ranked[:top] if top else ranked)
        ]

    def get_hyperparameters(self) -> Dict[str, str]:
        """The parameters of each child as JSON, by the child's id."""
        begin = f"{self.id}_"
        found = {}
        for name, value in self.get_tags().items():
            child = name[len(_SYSTEM) :] if name.startswith(_SYSTEM) else name
            if child.startswith(begin) and value is not None:
                found[child] = value
        return found

    def get_metrics(
        self, name: Optional[str] = None, *_: Any, **__: Any
    ) -> Dict[str, Dict[str, Any]]:
        """The metrics of each child, by the child's id.

        Args:
            name: Only this metric; None: all.
        """
        ids = [child.id for child in self.get_children()]
        found: Dict[str, Dict[str, Any]] = {}
        for first in range(0, len(ids), _MANY):
            some = ids[first : first + _MANY]
            found.update(run_metrics.read_many(self.service, some, name, populate=False))
        return found

    def cancel(self) -> bool:  # type: ignore[override]  # v1 answers whether it worked
        """Cancel the sweep and all its children; again does nothing. Always True."""
        if self.get_status() not in TERMINAL:
            with translated():
                self.service.sweeps.cancel(self.id)
        return True

    def fail(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a sweep fails only when all its children do."""
        raise HyperDriveNotImplementedException(
            "fail() is not for sweeps: cancel() ends one and all its children"
        )

    def get_diagnostics(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: what happened is in the sweep's log."""
        raise HyperDriveNotImplementedException(
            "get_diagnostics() is not for sweeps: get_details_with_logs() has the sweep's log"
        )

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> Dict[str, Any]:
        """Wait for the end of the sweep; failing children raise nothing.

        Args:
            show_output: Print the sweep's log as it grows.
            wait_post_processing: Without effect.
            raise_on_error: Without effect: what failed is in the log and in the details.

        Returns:
            The details, as `get_details`.
        """
        # v1 raised nothing for a sweep, whatever became of its children.
        del raise_on_error
        return super().wait_for_completion(show_output, wait_post_processing, raise_on_error=False)

    def _rank(self, child: _Child) -> Tuple[float, int]:
        """Sort key: best first, of equals the lowest number."""
        assert child.best is not None
        largest = self._metric()["goal"] == "maximize"
        return (-child.best if largest else child.best, child.number)

    def _metric(self) -> Dict[str, str]:
        found: Dict[str, str] = json.loads(self._read().tags["primary_metric_config"] or "{}")
        return found

    def _ranked_children(self) -> List[_Child]:
        """All children in order of number, with their best values."""
        runs = {run.id: run for run in self.get_children()}
        metric = self._metric()
        better = max if metric["goal"] == "maximize" else min
        found = []
        values = self.get_metrics(metric["name"])
        for run_id, run in runs.items():
            numbers = _numbers(values.get(run_id, {}).get(metric["name"]))
            found.append(_Child(run, _number_of(run_id), better(numbers) if numbers else None))
        return sorted(found, key=lambda child: child.number)

    def _resumed(self) -> Iterable[HyperDriveRun]:
        kept = json.loads(self._read().properties.get("resume_from") or "null") or {}
        for sweep in kept.get("parents", []):
            run = Run.get(self.experiment.workspace, sweep)
            if isinstance(run, HyperDriveRun):
                yield run


def _numbers(values: Any) -> List[float]:
    """What counts of the values of a metric: finite numbers, also of a list."""
    listed: List[Any] = values if isinstance(values, list) else [values]
    return [
        value
        for value in listed
        if not isinstance(value, bool) and isinstance(value, (int, float)) and math.isfinite(value)
    ]


def _number_of(run_id: str) -> int:
    tail = run_id.rpartition("_")[2]
    return int(tail) if tail.isdigit() else 0
