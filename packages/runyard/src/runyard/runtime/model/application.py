"""The app root: what is to be served from it, and the variables that scripts find it by."""

from __future__ import annotations

import math
import os
from typing import Dict

from runyard.protocol import codec
from runyard.protocol.endpoints import MODELS_FOLDER
from runyard.protocol.serving import SERVING_FILE, WorkerSpec
from runyard.runtime import names

# A script that is served is in no run, as in v1: `Run.get_context()` finds none, and the token with
# which the replica speaks to the service is not left to it.
HIDDEN = (
    names.RUN_ID_VARIABLE,
    names.SPOOL_VARIABLE,
    names.ENDING_VARIABLE,
    names.TOKEN_VARIABLE,
    names.NODE_VARIABLE,
    "AZUREML_RUN_ID",
    "AZUREML_RUN_TOKEN",
    "AZUREML_RUN_TOKEN_EXPIRY",
    names.MLFLOW_URI,
    names.MLFLOW_TOKEN,
    names.MLFLOW_RUN,
    names.MLFLOW_EXPERIMENT,
)


def read(root: str) -> WorkerSpec:
    """What is to be served.

    Raises:
        OSError: There is no such file.
        InvalidRequest: It is no WorkerSpec.
    """
    with open(os.path.join(root, SERVING_FILE), "rb") as stream:
        return codec.decode(WorkerSpec, stream.read())


def variables(spec: WorkerSpec, root: str) -> Dict[str, str]:
    """What the script finds in its environment, as in v1's containers.

    Args:
        spec: What is served.
        root: The app root, absolute.
    """
    found = {
        "AML_APP_ROOT": root,
        "AZUREML_MODEL_DIR": os.path.join(root, model_folder(spec)),
        "SERVICE_NAME": spec.endpoint,
        "AZUREML_ENTRY_SCRIPT": os.path.join(spec.source_directory, spec.entry_script),
    }
    if spec.source_directory:
        found["AZUREML_SOURCE_DIRECTORY"] = f"./{spec.source_directory}"
    return found


def worker_timeout(spec: WorkerSpec) -> str:
    """The variable `WORKER_TIMEOUT`, in seconds, where the user has set no other."""
    return str(math.ceil(spec.limits.timeout_ms / 1000))


def model_folder(spec: WorkerSpec) -> str:
    """The one model's folder below the app root, or that of all models."""
    return spec.models[0].path if len(spec.models) == 1 else MODELS_FOLDER
