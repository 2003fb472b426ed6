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


def _pipeline() -> Type[Run]:
    from runyard.sdk.pipeline_runs import PipelineRun

    return PipelineRun


def _step() -> Type[Run]:
    from runyard.sdk.pipeline_runs import StepRun

    return StepRun


process_run.made_by(_current)
# The v1 names bring classes of their own for sweeps and pipelines.
run_kinds.register("hyperdrive", _sweep)
run_kinds.register("sweep", _sweep)
run_kinds.register("azureml.PipelineRun", _pipeline)
run_kinds.register("azureml.StepRun", _step)
