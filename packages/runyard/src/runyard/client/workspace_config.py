"""The file by which a project names its workspace, as the v1 SDK wrote and found it.

    {"subscription_id": …, "resource_group": …, "workspace_name": …}      or the older
    {"Scope": "/subscriptions/S/resourceGroups/R/providers/…/workspaces/W"}

Runyard reads one more key, `url`: the address of a service in place of the embedded one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, NamedTuple, Optional, Sequence

if TYPE_CHECKING:
    from runyard.protocol.errors import InvalidRequest

# v1's places in v1's order; its oldest releases wrote `aml_config`.
FOLDERS = (".azureml", "aml_config", "")
FILES = ("config.json", "project.json")
SCOPE_PARTS = 8


class WorkspaceConfig(NamedTuple):
    """What a config file says; `url` is None for the embedded service."""

    name: str
    subscription_id: str
    resource_group: str
    url: Optional[str] = None


def find(path: Optional[str], file_name: Optional[str] = None) -> Optional[Path]:
    """Find a config file: `path` itself, or by walking up from it (default: here).

    For each folder name, for each file name, the walk goes up to the root; the first hit wins. So
    a `.azureml/config.json` far above beats a plain `config.json` beside the script.

    Raises:
        InvalidRequest: The current folder, which is to be looked from, was removed.
    """
    start = Path(path or ".").expanduser()
    if start.is_file():
        return start
    names = (file_name,) if file_name else FILES
    try:
        begin = start.resolve()
    except FileNotFoundError:
        raise _refused(
            "the current folder was removed, so no workspace config file can be looked for; change "
            "into a folder that exists"
        ) from None
    for folder in FOLDERS:
        for name in names:
            found = _upwards(begin, folder, name)
            if found is not None:
                return found
    return None


def _upwards(begin: Path, folder: str, name: str) -> Optional[Path]:
    for above in (begin, *begin.parents):
        candidate = above / folder / name
        if candidate.is_file():
            return candidate
    return None


def read(path: Path) -> WorkspaceConfig:
    """Read a config file.

    Raises:
        InvalidRequest: It is not JSON, or names no workspace.
    """
    from runyard.client import texts

    try:
        content = json.loads(texts.read(path))
    except ValueError as error:
        raise _refused(f"the config file {path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise _refused(f"the config file {path} must hold a JSON object")
    values = _from_scope(path, content["Scope"]) if "Scope" in content else content
    missing = [key for key in ("subscription_id", "resource_group") if not values.get(key)]
    name = values.get("workspace_name") or values.get("name")
    missing += [] if name else ["workspace_name"]
    if missing:
        raise _refused(f"the config file {path} lacks {', '.join(missing)}")
    url = content.get("url")
    return WorkspaceConfig(
        str(name),
        str(values["subscription_id"]),
        str(values["resource_group"]),
        str(url) if url else None,
    )


def _from_scope(path: Path, scope: Any) -> Dict[str, Any]:
    parts: Sequence[str] = [part for part in str(scope).split("/") if part]
    if len(parts) < SCOPE_PARTS:
        raise _refused(
            f"the Scope in {path} must read /subscriptions/…/resourceGroups/…/providers/"
            f"Microsoft.MachineLearningServices/workspaces/…, not {scope!r}"
        )
    return {"subscription_id": parts[1], "resource_group": parts[3], "workspace_name": parts[7]}


def _refused(message: str) -> InvalidRequest:
    # Scripts import this module at their start, when nothing is wrong yet.
    from runyard.protocol.errors import InvalidRequest

    return InvalidRequest(message)
