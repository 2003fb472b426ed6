"""The models of a web service, as users name them: objects, ids, or paths to be registered."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Union

from runyard.sdk.exceptions import UserErrorException, WebserviceException
from runyard.sdk.models import Model

if TYPE_CHECKING:
    from runyard.sdk.workspaces import Workspace

Given = Union[Model, str]

# v1 cut names of models so that it made of paths.
_LONGEST = 30
_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-._]{0,254}(:\d+|@[\w\-.]+)?\Z")


def look_up(workspace: Workspace, models: Any) -> List[Given]:
    """Find the models that were given; local paths stay paths, for nothing is sent yet.

    Args:
        workspace: The workspace.
        models: A list of Model objects, ids (`name` or `name:version`) and local paths.

    Raises:
        UserErrorException: It is no list of those.
        WebserviceException: There is neither such a model nor such a path.
    """
    if models is None:
        return []
    if isinstance(models, (str, Model)) or not isinstance(models, (list, tuple)):
        raise UserErrorException(
            f"models must be a list such as [model] or ['name:1'], not {type(models).__name__}"
        )
    return [_one(workspace, model) for model in models]


def ids(workspace: Workspace, found: Sequence[Given]) -> List[str]:
    """Register the local paths, and give the ids of all.

    Args:
        workspace: The workspace.
        found: What `look_up` gave.
    """
    made = [one if isinstance(one, Model) else _register(workspace, one) for one in found]
    return [model.id for model in made]


def _register(workspace: Workspace, path: str) -> Model:
    return Model.register(workspace, path, Path(os.path.normpath(path)).name[:_LONGEST])


def _one(workspace: Workspace, model: Any) -> Given:
    if isinstance(model, Model):
        return model
    if not isinstance(model, (str, os.PathLike)):
        raise UserErrorException(f"a model is a Model, an id or a path, not {model!r}")
    text = os.fspath(model)
    found = _registered(workspace, text) if _ID.match(text) else None
    if found is not None:
        return found
    if not Path(text).exists():
        raise WebserviceException(
            f"ModelNotFound: {text!r} is neither the id of a registered model nor a local path "
            f"(looked from {os.getcwd()})"  # noqa: PTH109 - for show
        )
    return str(text)


def _registered(workspace: Workspace, key: str) -> Optional[Model]:
    try:
        return Model(workspace, id=key)
    except WebserviceException as error:
        # A missing model may be a path; a service that cannot be reached is no answer.
        if error.message.startswith("ModelNotFound"):
            return None
        raise
