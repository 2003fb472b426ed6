"""Estimators as steps."""

from runyard.sdk.v1.pipelines.steps import EstimatorStep

__all__ = ["EstimatorStep"]
