"""The environment variables of the job's processes, and `$NAME` in their arguments.

The base is the client's environment for target `local` (it is a child of the client, as users of
the v1 SDK expect) and the node's otherwise. On top of it come, each over the one before: the
environment's interpreter, what tells the SDK where it is, the user's own variables.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Dict, List

from runyard.protocol import compatibility
from runyard.runtime import names
from runyard.runtime.folder import read_json

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job

# v1's tokens expired and told when; ours is good for as long as its run.
TOKEN_SECONDS = 30 * 24 * 3600
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
# What each interpreter imports when it starts; it takes the folder off its path again.
STARTUP = ("runyard", "runtime", "startup")
_FOREIGN = ("RUNYARD_", "AZUREML_", "MLFLOW_", "PYTHON", "VIRTUAL_ENV", "CONDA_", "__PYVENV", "UV_")
# `__PYVENV_LAUNCHER__` makes macOS's Python look for another one's packages.
_OURS = ("RUNYARD_", "AZUREML_RUN_", names.DATA_VARIABLE_PREFIX, "__PYVENV")
_NAME = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


def make(job: Job, folder: RunFolder, data: Dict[str, str]) -> Dict[str, str]:
    """The whole environment of the job's processes.

    Args:
        job: The job.
        folder: Its run folder.
        data: The path of each data reference by name, and of each dataset.
    """
    variables = _base(job, folder)
    user = {str(k): str(v) for k, v in job.spec.get("environment_variables", {}).items()}
    variables.update(_interpreter(job, variables, user))
    variables.update(_v1(job))
    variables.update(_own(job, folder))
    # A shell would have set it; the one inherited is where the agent or the client was started.
    variables["PWD"] = folder.work
    variables.update(_compatibility(job))
    _lead_mlflow(job, variables, user)
    plain = {name: path for name, path in data.items() if ":" not in name}
    variables.update({names.DATA_VARIABLE_PREFIX + name: path for name, path in plain.items()})
    if job.inputs or job.spec.get("outputs"):
        from runyard.runtime import datasets

        variables.update(datasets.variables(job, data))
    for name in THREADS if _is_share(job) else ():
        variables.setdefault(name, str(job.cpus))
    # It stands behind the light half by now (`_interpreter`), and would replace both here.
    user.pop("PYTHONPATH", None)
    variables.update(user)
    return variables


def value(job: Job, folder: RunFolder, name: str) -> str:
    """A variable that the user has set for the job, "" for none.

    Args:
        job: The job.
        folder: Its run folder.
        name: The variable.
    """
    given = job.spec.get("environment_variables", {})
    inherited = read_json(folder.inherited_file) or {}
    return str(given.get(name, inherited.get(name, "")))


def expand(arguments: List[str], variables: Dict[str, str]) -> List[str]:
    """Replace `$NAME` and `${NAME}` by the variable; names that are not set stay as they are."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match.group(1) or match.group(2), match.group(0))

    return [_NAME.sub(value, str(argument)) for argument in arguments]


def _base(job: Job, folder: RunFolder) -> Dict[str, str]:
    if job.container is not None:
        # The image's own: what this node has on its PATH is not in a container.
        return dict(job.container.get("variables") or {})
    inherited = read_json(folder.inherited_file)
    if job.spec.get("target") == names.LOCAL_TARGET and inherited is not None:
        kept = {str(k): str(v) for k, v in inherited.items() if not str(k).startswith(_OURS)}
        if job.environment.get("folder"):
            # The environment's interpreter would take its library from there.
            kept.pop("PYTHONHOME", None)
            kept.pop("VIRTUAL_ENV", None)
        return kept
    return {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}


def _interpreter(job: Job, base: Dict[str, str], user: Dict[str, str]) -> Dict[str, str]:
    """Put the light half first on PYTHONPATH, and the environment's programs first on PATH."""
    startup = os.path.join(job.light, *STARTUP)
    before = user.get("PYTHONPATH", base.get("PYTHONPATH", ""))
    found = {
        "PYTHONPATH": os.pathsep.join(part for part in (startup, job.light, before) if part),
        # The log is followed, and into a file Python writes by blocks.
        "PYTHONUNBUFFERED": "1",
    }
    programs = os.path.dirname(str(job.environment["interpreter"]))
    path = base.get("PATH") or os.defpath
    if job.environment.get("folder"):
        found.update(_activated(str(job.environment["folder"])))
        found["PATH"] = os.pathsep.join((programs, path))
    elif programs and programs not in path.split(os.pathsep):
        found["PATH"] = os.pathsep.join((programs, path))
    return found


def _activated(folder: str) -> Dict[str, str]:
    """What activating an environment would set, beside the path of its programs."""
    records = os.path.join(folder, "conda-meta")
    if not os.path.isdir(records):
        return {"VIRTUAL_ENV": folder}
    # Written when it was made, by what its packages say (`conda_program` of the service).
    found = read_json(os.path.join(records, "activation")) or {}
    return {**{str(name): str(value) for name, value in found.items()}, "CONDA_PREFIX": folder}


def _v1(job: Job) -> Dict[str, str]:
    """What the v1 service told its jobs."""
    definition = job.spec.get("definition") or {}
    local = job.spec.get("target") == names.LOCAL_TARGET
    return {
        "AZUREML_RUN_ID": job.run,
        "AZUREML_ARM_SUBSCRIPTION": job.subscription_id,
        "AZUREML_ARM_RESOURCEGROUP": job.resource_group,
        "AZUREML_ARM_WORKSPACE_NAME": job.workspace_name,
        "AZUREML_ARM_PROJECT_NAME": str(job.spec["experiment"]),
        "AZUREML_SERVICE_ENDPOINT": job.url,
        "AZUREML_DISCOVERY_SERVICE_ENDPOINT": job.url,
        "AZUREML_RUN_TOKEN": job.token,
        "AZUREML_RUN_TOKEN_EXPIRY": str(int(time.time()) + TOKEN_SECONDS),
        "AZUREML_EXPERIMENT_ID": job.experiment_id,
        "AZUREML_WORKSPACE_ID": job.workspace,
        "AZUREML_OUTPUT_DIRECTORY": "./outputs",
        "AZUREML_LOGDIRECTORY_PATH": "./logs",
        "AZUREML_TARGET_TYPE": "local" if local else "batchai",
        "AZUREML_FRAMEWORK": str(definition.get("framework") or "Python"),
        "AZUREML_COMMUNICATOR": str(definition.get("communicator") or "None"),
    }


def _own(job: Job, folder: RunFolder) -> Dict[str, str]:
    """What the SDK of this project looks for in a job."""
    found = {
        names.RUN_ID_VARIABLE: job.run,
        names.NODE_VARIABLE: str(job.node),
        names.INTERPRETER_VARIABLE: str(job.environment["interpreter"]),
        names.WORKSPACE_VARIABLE: job.workspace,
        names.SPOOL_VARIABLE: folder.spool,
        # The process whose parent this agent is tells in that folder how it ended.
        names.ENDING_VARIABLE: f"{os.getpid()}:{folder.endings}",
    }
    # In a container there is no state folder.
    if job.connection_file and job.container is None:
        # On the service's own machine: it may move, and `Workspace.from_config()` finds it too.
        found[names.CONNECTION_VARIABLE] = job.connection_file
        found[names.HOME_VARIABLE] = os.path.dirname(job.connection_file)
    else:
        found[names.URL_VARIABLE] = job.url
        found[names.TOKEN_VARIABLE] = job.token
    return found


def _compatibility(job: Job) -> Dict[str, str]:
    """What has interpreters behave as those of a framework that has no Python any more."""
    told = compatibility.told(str(job.environment.get("requirements", "")))
    # TensorFlow reads the second when it is imported.
    return {compatibility.VARIABLE: told, "TF_USE_LEGACY_KERAS": "1"} if told else {}


def _lead_mlflow(job: Job, variables: Dict[str, str], user: Dict[str, str]) -> None:
    """Have MLflow's client log into the run, unless the user sends it elsewhere."""
    elsewhere = user.get(names.MLFLOW_URI, variables.get(names.MLFLOW_URI, job.url))
    if not elsewhere.startswith(job.url):
        # It would look for a run of ours at the other server.
        return
    for name in names.MLFLOW_OTHERS:
        variables.pop(name, None)
    base = "" if job.workspace == names.DEFAULT_WORKSPACE else f"/mlflow/{job.workspace}"
    variables[names.MLFLOW_URI] = job.url + base
    variables[names.MLFLOW_TOKEN] = job.token
    variables[names.MLFLOW_RUN] = job.run
    variables[names.MLFLOW_EXPERIMENT] = job.experiment_id


def _is_share(job: Job) -> bool:
    """Whether the node is a part of this machine, so that libraries must be told its size."""
    whole = os.cpu_count() or 1
    # The launchers of several processes divide the cores themselves.
    alone = job.kind == names.SINGLE and job.spec.get("target") != names.LOCAL_TARGET
    return alone and 0 < job.cpus < whole
