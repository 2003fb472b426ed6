"""Notebooks as runs and as steps."""

from runyard.sdk.v1.notebooks import (
    AzureMLApplicationInsightsNotebookHandler,
    AzureMLNotebookHandler,
    NotebookExecutionHandler,
    NotebookRunConfig,
    PapermillExecutionHandler,
)
from runyard.sdk.v1.pipelines.notebook_steps import NotebookRunnerStep

__all__ = [
    "AzureMLApplicationInsightsNotebookHandler",
    "AzureMLNotebookHandler",
    "NotebookExecutionHandler",
    "NotebookRunConfig",
    "NotebookRunnerStep",
    "PapermillExecutionHandler",
]
