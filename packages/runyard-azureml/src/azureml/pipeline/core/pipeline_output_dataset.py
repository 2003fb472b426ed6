"""Data between steps as datasets."""

from runyard.sdk.v1.pipelines.data import PipelineOutputFileDataset, PipelineOutputTabularDataset

__all__ = ["PipelineOutputFileDataset", "PipelineOutputTabularDataset"]
