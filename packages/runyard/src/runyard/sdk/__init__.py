"""What users import: workspaces, experiments, runs, datastores, compute, environments, models.

The same classes are the library inside a job. Names and behaviour that only the v1 SDK has live
in `sdk.v1`. Every class delegates to the protocol; none keeps state the service does not know.

Files import only downwards: workspaces -> experiments -> runs -> models, and what they share below
them. What has to begin without any object, the run of this process, is put together here.
"""

from __future__ import annotations

from runyard.sdk import process_run, run_kinds

# typing costs more than this module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Type

    from runyard.sdk.runs import Run


def _current(allow_offline: bool) -> Run:
    from runyard.sdk import run_context

    return run_context.current(allow_offline)


def _sweep() -> Type[Run]:
    from runyard.sdk.sweep_runs import SweepRun

    return SweepRun


process_run.made_by(_current)
# The v1 names bring a class of their own for sweeps that v1 scripts begin.
run_kinds.register("hyperdrive", _sweep)
run_kinds.register("sweep", _sweep)
