"""The config file of a project's workspace, with the errors that users of the SDK expect.

Which files there are and what is in them is told in `client.workspace_config`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Optional

from runyard.client import workspace_config as files
from runyard.client.workspace_config import WorkspaceConfig
from runyard.sdk.exceptions import translated
from runyard.sdk.local_paths import naming

__all__ = ["WorkspaceConfig", "find", "read", "write"]


def find(path: Optional[str], file_name: Optional[str] = None) -> Optional[Path]:
    """Find a config file: `path` itself, or by walking up from it (default: here).

    Raises:
        UserErrorException: The current folder, which is to be looked from, was removed.
    """
    with translated():
        return files.find(path, file_name)


def read(path: Path) -> WorkspaceConfig:
    """Read a config file.

    Raises:
        UserErrorException: It is not JSON, or names no workspace.
    """
    with translated():
        return files.read(path)


def write(config: WorkspaceConfig, path: Optional[str], file_name: Optional[str]) -> Path:
    """Write a config file into `.azureml` (or into `aml_config` where that is already used).

    Args:
        config: What to write.
        path: The project's folder; None for the current one.
        file_name: The file's name; None for `config.json`.

    Returns:
        The file.
    """
    content = {
        "subscription_id": config.subscription_id,
        "resource_group": config.resource_group,
        "workspace_name": config.name,
    }
    if config.url:
        content["url"] = config.url
    with naming("path", path or "."):
        base = Path(path or ".").expanduser()
        folder = base / "aml_config"
        if not folder.is_dir():
            folder = base / ".azureml"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / (file_name or files.FILES[0])
        target.write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")
    return target
