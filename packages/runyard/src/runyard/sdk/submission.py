"""What an estimator or a script configuration hands to `Experiment.submit`.

An object that can be submitted has a method `_submission(experiment, **overrides)` that gives a
Submission: everything but the snapshot, which is taken when the run is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Dict, Optional

from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from runyard.protocol.runs import RunSpec
    from runyard.protocol.sweeps import SweepSpec


@dataclass(frozen=True)
class Submission:
    """A run about to be submitted.

    Args:
        source_directory: The folder whose files become the snapshot.
        spec: The run's specification with `snapshot` "".
        tags: First tags; values are texts or None.
        properties: First properties.
        inherit_environment: The job sees this process's environment (target `local`).
        run_config: The configuration it came from, kept as `run._run_config`.
        sweep: The run is a sweep of trials, each of which runs `spec`.
        run_id: The id that a sweep gets; None: one is made.
    """

    source_directory: str
    spec: RunSpec
    tags: Dict[str, Optional[str]] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    inherit_environment: bool = False
    run_config: Any = None
    sweep: Optional[SweepSpec] = None
    run_id: Optional[str] = None


def prioritized(given: Submission, priority: Optional[int]) -> Submission:
    """Set the priority of a submission; of a sweep, that of its trials.

    Raises:
        UserErrorException: It is no whole number.
    """
    return replace(given, spec=replace(given.spec, priority=checked_priority(priority)))


def checked_priority(priority: Any) -> int:
    """Read a priority; None is the one of runs that ask for none.

    Raises:
        UserErrorException: It is no whole number.
    """
    if priority is None:
        return 0
    if isinstance(priority, bool) or not isinstance(priority, int):
        raise UserErrorException(
            f"priority is {priority!r}; give a whole number: the higher is served first"
        )
    return priority
