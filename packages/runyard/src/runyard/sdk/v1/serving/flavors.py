"""Deployment without code: what a model's framework says of how it is served.

Scikit-learn models take `{"data": rows, "method": "predict_proba"}`, all others the forms of the
protocols, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Sequence

from runyard.client import callers
from runyard.protocol.endpoints import KERAS, ONNX, PYFUNC, TENSORFLOW
from runyard.sdk import flavors, served_environments
from runyard.sdk.conda import CondaDependencies
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.models import Model

if TYPE_CHECKING:
    from runyard.sdk.v1.serving.models import Given


class Served(NamedTuple):
    """The flavor of a model that is served without code, and what it needs."""

    flavor: str
    environment: Environment


def of(models: Sequence[Given], service: str) -> Served:
    """Find how the one model is served without code.

    Args:
        models: The models that were given.
        service: The service's name, after which the environment is named.

    Raises:
        UserErrorException: There is not exactly one model, or none of a framework that is served.
    """
    if len(models) != 1:
        raise UserErrorException(
            f"without an inference_config exactly one model can be deployed, not {len(models)}; "
            "give an InferenceConfig with an entry_script that serves them"
        )
    model = models[0]
    if not isinstance(model, Model):
        raise UserErrorException(
            f"without an inference_config a registered model can be deployed, not the path "
            f"{model!r}: register it with its model_framework first, or give an InferenceConfig"
        )
    flavor = _flavor(model)
    environment = _environment(model, flavor)
    environment.name = f"{service}-env"
    return Served(flavor, environment)


def _flavor(model: Model) -> str:
    by_files = flavors.of_files(entry.path for entry in model._files().files)
    # Whatever framework it was registered with, such a folder says itself how it is loaded.
    if by_files == PYFUNC:
        return PYFUNC
    framework = model.model_framework or ""
    found = flavors.BY_FRAMEWORK.get(framework)
    if found is None:
        raise UserErrorException(
            f"model {model.id} cannot be deployed without an inference_config: its model_framework "
            f"is {framework or 'not given'}, and served so are {', '.join(flavors.BY_FRAMEWORK)}, "
            "and folders that MLflow has written. Register it with "
            "model_framework=Model.Framework.…, or give an InferenceConfig with an entry_script"
        )
    # TensorFlow's own format for Keras models is one file.
    return KERAS if (found, by_files) == (TENSORFLOW, KERAS) else found


def _environment(model: Model, flavor: str) -> Environment:
    if flavor == PYFUNC:
        own = served_environments.of_mlflow(model.workspace.service, model._files())
        if own is not None:
            return own[1]
    version = model.model_framework_version or ""
    if not version and flavor not in {ONNX, PYFUNC}:
        callers.warn(
            f"model {model.id} has no model_framework_version: the newest {model.model_framework} "
            "serves it, which may not read what another version wrote"
        )
    python, pip = flavors.packages(flavor, version)
    made = Environment(None)
    made.python.conda_dependencies = CondaDependencies.create(
        python_version=python, pip_packages=list(pip)
    )
    return made
