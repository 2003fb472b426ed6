"""What a script that scores tells of its inputs and answers."""

from runyard.sdk.v1.monitoring import ModelDataCollector

__all__ = ["ModelDataCollector"]
