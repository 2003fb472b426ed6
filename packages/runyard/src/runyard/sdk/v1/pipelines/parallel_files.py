"""A ParallelRunConfig as a file: `parallel_run_config.yml`, in which values are those of Python.

parallel_run_config:
  environment: {name: batch, python: …}      or the path of a file, or a name of the workspace
  compute_target_name: cpu-cluster
  entry_script: score.py
  mini_batch_size: 10
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Mapping

from runyard.sdk import yaml
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.local_paths import naming
from runyard.sdk.v1 import runconfig_files
from runyard.sdk.v1.pipelines.data import PipelineParameter

if TYPE_CHECKING:
    from runyard.sdk.workspaces import Workspace

_TOP = "parallel_run_config"
_NAMES = (
    *("mini_batch_size", "partition_keys", "error_threshold", "output_action", "logging_level"),
    *("node_count", "process_count_per_node", "entry_script", "source_directory", "description"),
    *("run_invocation_timeout", "run_max_try", "append_row_file_name", "environment_variables"),
    *("allowed_failed_count", "allowed_failed_percent"),
)


def save(config: Any, path: Any) -> None:
    """Write a ParallelRunConfig; of parameters what they are by default.

    Args:
        config: The configuration.
        path: The file.

    Raises:
        UserErrorException: It cannot be written.
    """
    target = config.compute_target
    told = {name: _plain(getattr(config, name)) for name in _NAMES}
    told["compute_target_name"] = target if isinstance(target, str) else target.name
    told["environment"] = runconfig_files.document_of(config.environment)
    with naming("path", path):
        Path(path).expanduser().write_text(yaml.write({_TOP: told}), encoding="utf-8")


def load(workspace: Workspace, path: Any) -> Dict[str, Any]:
    """Read the arguments of a ParallelRunConfig from a file.

    Args:
        workspace: Of an environment that the file names alone.
        path: The file.

    Raises:
        UserErrorException: There is none, or it is none of a ParallelRunConfig.
    """
    file = Path(path).expanduser()
    told = _read(file).get(_TOP)
    if not isinstance(told, dict) or "entry_script" not in told:
        raise UserErrorException(f"{file} is none of a ParallelRunConfig: it has no {_TOP} section")
    found = {name: _value(name, told[name]) for name in _NAMES if told.get(name) is not None}
    return {
        "error_threshold": None,
        "output_action": None,
        "node_count": None,
        **found,
        "compute_target": told.get("compute_target_name"),
        "environment": _environment(workspace, told, file),
    }


def _environment(workspace: Workspace, told: Mapping[str, Any], file: Path) -> Environment:
    given = told.get("environment")
    if given is None and told.get("environment_dir_path"):
        return Environment.load_from_directory(str(told["environment_dir_path"]))
    if given is None:
        given = {"name": told.get("environment_name")}
    if isinstance(given, str):
        file = Path(given)
        given = _read(file)
    if not isinstance(given, dict) or not given.get("name"):
        raise UserErrorException(f"{file} names no environment")
    if set(given) <= {"name", "version"}:
        return Environment.get(workspace, given["name"], given.get("version"))
    return runconfig_files.environment_of(given, file)


def _read(file: Path) -> Mapping[str, Any]:
    found = runconfig_files.content_of(file)
    return found if isinstance(found, dict) else {}


def _plain(value: Any) -> Any:
    if isinstance(value, PipelineParameter):
        value = value.default_value
    return value or None if isinstance(value, (list, dict)) else value


def _value(name: str, value: Any) -> Any:
    # The reader leaves every scalar a text.
    if name == "mini_batch_size" or not isinstance(value, str):
        return value
    if re.fullmatch(r"-?\d+", value):
        return int(value)
    return float(value) if name == "allowed_failed_percent" else value
