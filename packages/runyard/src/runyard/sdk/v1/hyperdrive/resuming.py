"""What a sweep takes over from earlier ones: their results, or some of their runs.

Both are checked when the configuration is made, as far as the runs themselves tell.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from runyard.protocol.sweeps import HYPERDRIVE
from runyard.sdk.exceptions import translated
from runyard.sdk.run_base import TERMINAL, RunBase
from runyard.sdk.v1.hyperdrive.exceptions import HyperDriveConfigException

# Both are v1's limits.
MOST_PARENTS = 5
MOST_RUNS = 1000


@dataclass(frozen=True)
class Wanted:
    """What earlier sweeps must agree with: the metric, and for Bayesian sampling the space."""

    metric: Dict[str, str]
    generator: Optional[Dict[str, Any]] = None


@dataclass(frozen=True)
class Resumed:
    """Ids of the sweeps to learn from, and of the runs to make again."""

    sweeps: List[str] = field(default_factory=list)
    children: List[str] = field(default_factory=list)

    def as_property(self) -> str:
        """What v1 kept on the sweep."""
        if not self.sweeps and not self.children:
            return "null"
        return json.dumps({"parents": self.sweeps, "children": self.children})


def checked(
    resume_from: Any, resume_child_runs: Any, max_total_runs: int, wanted: Wanted
) -> Resumed:
    """Check what is to be resumed.

    Args:
        resume_from: One sweep, several, or None.
        resume_child_runs: One run, several, or None.
        max_total_runs: Of the new sweep.
        wanted: What the earlier ones must agree with.

    Raises:
        HyperDriveConfigException: They cannot be resumed; the message says which and why.
    """
    parents = _listed("resume_from", resume_from)
    children = _listed("resume_child_runs", resume_child_runs)
    _check_parents(parents, max_total_runs, wanted)
    _check_children(children, max_total_runs, wanted)
    return Resumed([run.id for run in parents], [run.id for run in children])


def _listed(name: str, given: Any) -> List[RunBase]:
    if given is None:
        return []
    runs = list(given) if isinstance(given, (list, tuple)) else [given]
    for run in runs:
        if not isinstance(run, RunBase):
            raise HyperDriveConfigException(
                f"{name} takes runs, such as HyperDriveRun(experiment, run_id), not "
                f"{type(run).__name__}"
            )
    if len({run.id for run in runs}) < len(runs):
        raise HyperDriveConfigException(f"{name} names the same run twice: {_ids(runs)}")
    return runs


def _check_parents(parents: List[RunBase], max_total_runs: int, wanted: Wanted) -> None:
    if len(parents) > MOST_PARENTS:
        raise HyperDriveConfigException(
            f"resume_from names {len(parents)} sweeps; {MOST_PARENTS} at most can be resumed"
        )
    total = max_total_runs
    for run in parents:
        record = run._refresh()
        if record.run_type != HYPERDRIVE:
            raise HyperDriveConfigException(
                f"resume_from names {run.id}, which is of type {record.run_type!r} and no sweep"
            )
        if record.status not in ("Completed", "Canceled"):
            raise HyperDriveConfigException(
                f"resume_from names {run.id}, which is {record.status}: only Completed and "
                "Canceled sweeps can be resumed"
            )
        _check_metric(run.id, record.tags, wanted)
        if wanted.generator is not None:
            _check_space(run.id, record.tags, wanted.generator)
        total += int(record.tags.get("max_total_jobs") or 0)
    if parents and total > MOST_RUNS:
        raise HyperDriveConfigException(
            f"max_total_runs of this sweep and of those that it resumes sum to {total}; "
            f"{MOST_RUNS} at most"
        )


def _check_children(children: List[RunBase], max_total_runs: int, wanted: Wanted) -> None:
    if len(children) > max_total_runs:
        raise HyperDriveConfigException(
            f"resume_child_runs names {len(children)} runs and max_total_runs is {max_total_runs}; "
            "raise it"
        )
    parents = {}
    for run in children:
        record = run._refresh()
        if record.status not in TERMINAL:
            raise HyperDriveConfigException(
                f"resume_child_runs names {run.id}, which is {record.status}: it has not ended"
            )
        if record.parent is None:
            raise HyperDriveConfigException(
                f"resume_child_runs names {run.id}, which is no child of a sweep"
            )
        parents[record.parent] = run
    if len(parents) > MOST_PARENTS:
        raise HyperDriveConfigException(
            f"resume_child_runs names runs of {len(parents)} sweeps; of {MOST_PARENTS} at most"
        )
    for parent, run in parents.items():
        with translated():
            tags = run.service.runs.get(parent).tags
        _check_metric(parent, tags, wanted)


def _check_metric(run: str, tags: Dict[str, Optional[str]], wanted: Wanted) -> None:
    theirs = _json(tags.get("primary_metric_config"))
    if theirs != wanted.metric:
        raise HyperDriveConfigException(
            f"sweep {run} has the primary metric {theirs!r} and this one {wanted.metric!r}: they "
            "must be the same"
        )


def _check_space(run: str, tags: Dict[str, Optional[str]], generator: Dict[str, Any]) -> None:
    theirs = _json(tags.get("generator_config")).get("parameter_space")
    # Theirs has been JSON, which knows no tuples.
    ours = json.loads(json.dumps(generator["parameter_space"]))
    if theirs != ours:
        raise HyperDriveConfigException(
            f"sweep {run} has another parameter space, and Bayesian sampling learns only from the "
            f"same: {theirs!r}, not {ours!r}"
        )


def _json(text: Optional[str]) -> Dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _ids(runs: List[RunBase]) -> str:
    return ", ".join(run.id for run in runs)
