"""Types that datasets use."""

from runyard.sdk.v1.datasets import HistogramCompareMethod, PromoteHeadersBehavior

__all__ = ["HistogramCompareMethod", "PromoteHeadersBehavior"]
