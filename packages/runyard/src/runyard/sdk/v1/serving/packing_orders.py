"""`Model.package`: everything is checked before anything starts."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional

from runyard.sdk import checks, container_engines, model_packages, package_files
from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.v1.serving import code as codes
from runyard.sdk.v1.serving import environments
from runyard.sdk.v1.serving import models as model_lists
from runyard.sdk.v1.serving.faults import Faults
from runyard.sdk.v1.serving.model_packages import ModelPackage
from runyard.sdk.v1.serving.packing import Packing
from runyard.sdk.v1.serving.settings import ACI

if TYPE_CHECKING:
    from runyard.sdk.v1.serving.models import Given
    from runyard.sdk.workspaces import Workspace

_DEFAULT_NAME, _DEFAULT_LABEL = "package", "latest"


def package(
    workspace: Workspace,
    models: Any,
    inference_config: Any = None,
    image_name: Optional[str] = None,
    image_label: Optional[str] = None,
    generate_dockerfile: bool = False,
) -> ModelPackage:
    """Pack models; see `Model.package`.

    Args:
        workspace: The workspace.
        models: Models, ids and local paths.
        inference_config: The script and what it needs; None: the one model's framework says it.
        image_name: What the image is called.
        image_label: Its label.
        generate_dockerfile: Make the Dockerfile, and no image.

    Raises:
        WebserviceException: Something makes no sense, or there is no engine; all of it is named.
    """
    checks.workspace(workspace)
    name, label = image_name or _DEFAULT_NAME, image_label or _DEFAULT_LABEL
    image, wrong = package_files.image_parts(name, label)
    faults = Faults("these models cannot be packed")
    faults.extend(wrong)
    found: List[Given] = []
    with faults.gathering():
        found += model_lists.look_up(workspace, models)
    steps: List[str] = []
    with faults.gathering():
        steps += _steps(inference_config)
    code: Optional[codes.Code] = None
    with faults.gathering():
        code = _code(inference_config, found, name)
    engine: Optional[str] = None
    if not generate_dockerfile:
        with faults.gathering():
            engine = container_engines.find()
    faults.refuse()
    assert code is not None
    sent = codes.parts(workspace.service, code, found)
    spec = codes.spec(ACI, {}, model_lists.ids(workspace, found), sent)
    record = model_packages.begin(workspace.service, spec)
    return ModelPackage(workspace, Packing(workspace.service, image, record, steps, engine))


def _steps(config: Any) -> List[str]:
    """The user's own lines of the Dockerfile."""
    file = getattr(config, "extra_docker_file_steps", None)
    return Path(config.path_of(file)).read_text("utf-8").splitlines() if file else []


def _code(config: Any, found: List[Given], name: str) -> codes.Code:
    if config is None:
        return _checked(codes.of_models(found, name))
    if not hasattr(config, "entry_script"):
        raise WebserviceException(
            f"inference_config must be an InferenceConfig, not {type(config).__name__}"
        )
    config.validate_configuration()
    # Here the steps have their effect, of which an endpoint warns that they have none.
    plain = copy.copy(config)
    plain.extra_docker_file_steps = None
    return _checked(codes.of_config(plain, name))


def _checked(code: codes.Code) -> codes.Code:
    model_packages.check_definition(environments.definition(code.environment))
    return code
