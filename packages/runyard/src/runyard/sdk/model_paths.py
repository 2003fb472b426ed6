"""Where a model is: fetched in a job, laid out beside `score.py` where it is served.

azureml-models/<name>/<version>/<the one file or folder>
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Callable, List, Optional

from runyard.sdk import process_run
from runyard.sdk.exceptions import (
    ModelNotFoundException,
    UserErrorException,
    WebserviceException,
)

if TYPE_CHECKING:
    from runyard.sdk.models import Model
    from runyard.sdk.workspaces import Workspace

FOLDER = "azureml-models"
ROOT_VARIABLE = "AML_APP_ROOT"
MODEL_VARIABLE = "AZUREML_MODEL_DIR"


def find(
    name: str,
    version: Optional[int],
    workspace: Optional[Workspace],
    look_up: Callable[[Workspace], Model],
) -> str:
    """A model's path; see `Model.get_model_path`.

    Args:
        name: The model.
        version: Its version; None is the newest.
        workspace: Where to look for it; None is the job's, or here where it is served.
        look_up: Finds that model in a workspace.

    Returns:
        The model's one file or folder.

    Raises:
        ModelNotFoundException: There is none; the message says where was looked.
    """
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise UserErrorException(f"version must be an int, not {version!r}")
    if workspace is None and os.environ.get("RUNYARD_RUN_ID"):
        if version is not None:
            cached = _entry(Path(FOLDER) / name / str(version))
            if cached is not None:
                return cached
        workspace = process_run.current().experiment.workspace
    if workspace is not None:
        return _fetched(workspace, look_up)
    # Where a model is served there is the version that the alias meant.
    return _served(name.partition("@")[0], version)


def _fetched(workspace: Workspace, look_up: Callable[[Workspace], Model]) -> str:
    try:
        model = look_up(workspace)
    except WebserviceException as error:
        raise ModelNotFoundException(error.message) from error
    # v1's layout: versions stand side by side.
    folder = Path(FOLDER) / model.name / str(model.version)
    return _entry(folder) or _download(model, folder)


def _download(model: Model, folder: Path) -> str:
    """Bring a model's files here, whole or not at all: another process may look for them."""
    import shutil
    import uuid

    # Beside its place, since a rename does not cross file systems.
    part = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        model.download(str(part))
        try:
            part.replace(folder)
        except OSError:
            if not folder.is_dir():
                raise  # another process was here first only if the folder is there
        found = _entry(folder)
        assert found is not None
        return found
    finally:
        shutil.rmtree(str(part), ignore_errors=True)


def _served(name: str, version: Optional[int]) -> str:
    root = Path(os.environ.get(ROOT_VARIABLE, "."))
    base = root / FOLDER / name
    wanted = version if version is not None else _latest(base)
    found = _entry(base / str(wanted)) if wanted is not None else None
    if found is not None:
        return found
    # v1 falls back on ./<name>.
    plain = Path(name)
    if plain.exists():
        return str(plain)
    raise ModelNotFoundException(
        f"Model {name} not found in cache at {base} or in current working directory "
        f"{Path.cwd()}. This is no job and no model is served here: in a notebook use "
        f"Model(ws, {name!r}).download(), or give the workspace: "
        f"Model.get_model_path({name!r}, _workspace=ws)"
    )


def _latest(base: Path) -> Optional[int]:
    versions: List[int] = []
    if base.is_dir():
        # As numbers: version 10 comes after version 9.
        versions = [int(path.name) for path in base.iterdir() if path.name.isdigit()]
    return max(versions) if versions else None


def _entry(folder: Path) -> Optional[str]:
    """Find the one file or folder of a model's folder, or the folder if it has several."""
    if not folder.is_dir():
        return None
    entries = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if not entries:
        return None
    return str(entries[0] if len(entries) == 1 else folder)
