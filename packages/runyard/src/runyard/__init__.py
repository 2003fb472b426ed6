"""Runyard: train, track and register machine-learning models on your own machines.

The light half: standard library only, Python 3.7 and newer. What users import comes from
`runyard.sdk`; each name is loaded on first use, so that `import runyard` stays cheap and silent.
"""

from __future__ import annotations

# Type checkers take it for true, as typing's own; importing that takes longer than all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

    # Editors and type checkers see the real classes; at run time each is loaded on first use.
    from runyard.runtime.model.marks import batched
    from runyard.sdk.compute import AmlCompute, ComputeTarget
    from runyard.sdk.conda import CondaDependencies
    from runyard.sdk.dataset_factories import Dataset
    from runyard.sdk.datastores import Datastore
    from runyard.sdk.distributed import Jax, Mpi, MultiWorker, ParameterServer, Torch
    from runyard.sdk.endpoints import Endpoint
    from runyard.sdk.environments import Environment
    from runyard.sdk.experiments import Experiment
    from runyard.sdk.launchers import (
        MpiConfiguration,
        PyTorchConfiguration,
        TensorflowConfiguration,
    )
    from runyard.sdk.models import Model
    from runyard.sdk.native_datasets import dataset
    from runyard.sdk.pipeline_runs import PipelineRun
    from runyard.sdk.pipeline_steps import Input, Output, script_step, step
    from runyard.sdk.pipelines import Pipeline
    from runyard.sdk.published import PublishedPipeline
    from runyard.sdk.registered_models import RegisteredModel
    from runyard.sdk.run_exports import export_runs
    from runyard.sdk.runs import Run
    from runyard.sdk.schedules import Schedule
    from runyard.sdk.searching import search_runs
    from runyard.sdk.spaces import (
        choice,
        integer,
        lognormal,
        loguniform,
        normal,
        quantized,
        uniform,
    )
    from runyard.sdk.sweep_runs import SweepRun
    from runyard.sdk.sweeps import Sweep
    from runyard.sdk.tabular_factories import DataType
    from runyard.sdk.tuning import (
        asha,
        bandit,
        hyperband,
        median,
        patience,
        pbt,
        percentile,
        policy,
        sampler,
        threshold,
        tpe,
        truncation,
    )
    from runyard.sdk.v1.newest import Estimator, PyTorch, SKLearn, TensorFlow
    from runyard.sdk.v1.runconfig import RunConfiguration
    from runyard.sdk.v1.scripts import ScriptRunConfig
    from runyard.sdk.widgets import RunDetails
    from runyard.sdk.workspaces import Workspace

__version__ = "0.1.0"

_NAMES = {
    "AmlCompute": "runyard.sdk.compute",
    "ComputeTarget": "runyard.sdk.compute",
    "CondaDependencies": "runyard.sdk.conda",
    "DataType": "runyard.sdk.tabular_factories",
    "Dataset": "runyard.sdk.dataset_factories",
    "Datastore": "runyard.sdk.datastores",
    "Endpoint": "runyard.sdk.endpoints",
    "Environment": "runyard.sdk.environments",
    "Estimator": "runyard.sdk.v1.newest",
    "Experiment": "runyard.sdk.experiments",
    "Input": "runyard.sdk.pipeline_steps",
    "Jax": "runyard.sdk.distributed",
    "Model": "runyard.sdk.models",
    "Mpi": "runyard.sdk.distributed",
    "MpiConfiguration": "runyard.sdk.launchers",
    "MultiWorker": "runyard.sdk.distributed",
    "Output": "runyard.sdk.pipeline_steps",
    "ParameterServer": "runyard.sdk.distributed",
    "Pipeline": "runyard.sdk.pipelines",
    "PipelineRun": "runyard.sdk.pipeline_runs",
    "PublishedPipeline": "runyard.sdk.published",
    "PyTorch": "runyard.sdk.v1.newest",
    "PyTorchConfiguration": "runyard.sdk.launchers",
    "RegisteredModel": "runyard.sdk.registered_models",
    "Run": "runyard.sdk.runs",
    "RunConfiguration": "runyard.sdk.v1.runconfig",
    "RunDetails": "runyard.sdk.widgets",
    "SKLearn": "runyard.sdk.v1.newest",
    "Schedule": "runyard.sdk.schedules",
    "ScriptRunConfig": "runyard.sdk.v1.scripts",
    "Sweep": "runyard.sdk.sweeps",
    "SweepRun": "runyard.sdk.sweep_runs",
    "TensorFlow": "runyard.sdk.v1.newest",
    "TensorflowConfiguration": "runyard.sdk.launchers",
    "Torch": "runyard.sdk.distributed",
    "Workspace": "runyard.sdk.workspaces",
    "asha": "runyard.sdk.tuning",
    "bandit": "runyard.sdk.tuning",
    "batched": "runyard.runtime.model.marks",
    "choice": "runyard.sdk.spaces",
    "dataset": "runyard.sdk.native_datasets",
    "export_runs": "runyard.sdk.run_exports",
    "hyperband": "runyard.sdk.tuning",
    "integer": "runyard.sdk.spaces",
    "lognormal": "runyard.sdk.spaces",
    "loguniform": "runyard.sdk.spaces",
    "median": "runyard.sdk.tuning",
    "normal": "runyard.sdk.spaces",
    "patience": "runyard.sdk.tuning",
    "pbt": "runyard.sdk.tuning",
    "percentile": "runyard.sdk.tuning",
    "policy": "runyard.sdk.tuning",
    "quantized": "runyard.sdk.spaces",
    "sampler": "runyard.sdk.tuning",
    "script_step": "runyard.sdk.pipeline_steps",
    "search_runs": "runyard.sdk.searching",
    "step": "runyard.sdk.pipeline_steps",
    "threshold": "runyard.sdk.tuning",
    "tpe": "runyard.sdk.tuning",
    "truncation": "runyard.sdk.tuning",
    "uniform": "runyard.sdk.spaces",
}

__all__ = [
    "AmlCompute",
    "ComputeTarget",
    "CondaDependencies",
    "DataType",
    "Dataset",
    "Datastore",
    "Endpoint",
    "Environment",
    "Estimator",
    "Experiment",
    "Input",
    "Jax",
    "Model",
    "Mpi",
    "MpiConfiguration",
    "MultiWorker",
    "Output",
    "ParameterServer",
    "Pipeline",
    "PipelineRun",
    "PublishedPipeline",
    "PyTorch",
    "PyTorchConfiguration",
    "RegisteredModel",
    "Run",
    "RunConfiguration",
    "RunDetails",
    "SKLearn",
    "Schedule",
    "ScriptRunConfig",
    "Sweep",
    "SweepRun",
    "TensorFlow",
    "TensorflowConfiguration",
    "Torch",
    "Workspace",
    "__version__",
    "asha",
    "bandit",
    "batched",
    "choice",
    "dataset",
    "export_runs",
    "hyperband",
    "integer",
    "lognormal",
    "loguniform",
    "median",
    "normal",
    "patience",
    "pbt",
    "percentile",
    "policy",
    "quantized",
    "sampler",
    "script_step",
    "search_runs",
    "step",
    "threshold",
    "tpe",
    "truncation",
    "uniform",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    from importlib import import_module

    if name == "optuna":
        # A module of its own for who has it, so that it can be imported as well.
        return import_module(f"runyard.{name}")
    if name not in _NAMES:
        raise AttributeError(f"module 'runyard' has no attribute {name!r}")

    found = globals()[name] = getattr(import_module(_NAMES[name]), name)
    return found


def __dir__() -> List[str]:
    return list(__all__)
