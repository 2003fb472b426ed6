"""Samplers."""

from runyard.sdk.v1.hyperdrive import (
    BayesianParameterSampling,
    GridParameterSampling,
    RandomParameterSampling,
)

__all__ = ["BayesianParameterSampling", "GridParameterSampling", "RandomParameterSampling"]
