"""A script to be submitted."""

from runyard.sdk.v1.runconfig import MAX_DURATION_SECONDS_DEFAULT
from runyard.sdk.v1.scripts import ScriptRunConfig, get_run_config_from_script_run

__all__ = [
    "MAX_DURATION_SECONDS_DEFAULT",
    "ScriptRunConfig",
    "get_run_config_from_script_run",
]
