"""The estimator of scikit-learn."""

from runyard.sdk.v1.sklearn import SKLearn

__all__ = ["SKLearn"]
