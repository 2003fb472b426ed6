"""Python scripts as steps."""

from runyard.sdk.v1.pipelines.steps import PythonScriptStep

__all__ = ["PythonScriptStep"]
