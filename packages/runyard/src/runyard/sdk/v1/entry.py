"""What the first `import azureml` of a program brings about, so that v1 users feel at home."""

from __future__ import annotations

import sys

from runyard.sdk import deployment, run_kinds
from runyard.sdk.v1 import absent, envelopes, submodules
from runyard.sdk.v1.absent import NOT_OFFERED

# typing costs more than this module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Type


def _sweep() -> Type[Any]:
    from runyard.sdk.v1.hyperdrive.run import HyperDriveRun

    return HyperDriveRun


def _pipeline() -> Type[Any]:
    from runyard.sdk.v1.pipelines.runs import PipelineRun

    return PipelineRun


def _step() -> Type[Any]:
    from runyard.sdk.v1.pipelines.runs import StepRun

    return StepRun


def _verbs() -> Any:
    from runyard.sdk.v1.serving import verbs

    return verbs


absent.install()
if "azureml" in sys.modules:
    vars(sys.modules["azureml"])["__getattr__"] = submodules.below("azureml")
envelopes.use()
run_kinds.register("hyperdrive", _sweep)
run_kinds.register("azureml.PipelineRun", _pipeline)
run_kinds.register("azureml.StepRun", _step)
deployment.register(_verbs)

__all__ = ["NOT_OFFERED"]
