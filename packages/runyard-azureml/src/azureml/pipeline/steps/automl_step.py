"""Automated machine learning as a step."""

from runyard.sdk.v1.pipelines.refused import AutoMLStep, AutoMLStepRun

__all__ = ["AutoMLStep", "AutoMLStepRun"]
