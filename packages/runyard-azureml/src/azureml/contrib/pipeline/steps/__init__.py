"""Where ParallelRunStep was before it came to `azureml.pipeline.steps`."""

from runyard.sdk.v1.pipelines.parallel import ParallelRunConfig, ParallelRunStep

__all__ = ["ParallelRunConfig", "ParallelRunStep"]
