"""A notebook as a step: what the step reads and makes are parameters of the notebook."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, List, Mapping, Optional

from runyard.sdk.notebook_scripts import SUFFIX
from runyard.sdk.v1.notebooks import NotebookRunConfig, literal
from runyard.sdk.v1.pipelines.data import PipelineData, PipelineParameter, refusal
from runyard.sdk.v1.pipelines.steps import ConfiguredStep, configured


class NotebookRunnerStep(ConfiguredStep):
    """A notebook as a step.

    Args:
        name: What the step is called.
        notebook_run_config: A NotebookRunConfig: the notebook, its folder and its parameters.
        runconfig_pipeline_params: Parameters that say `NodeCount` and the like.
        compute_target: The compute target.
        params: More parameters of the notebook; PipelineParameters, too.
        inputs: What it reads; the path is the notebook's parameter of that name.
        outputs: What it makes; likewise.
        allow_reuse: Whether results of an equal step may stand for it.
        version: Changed by hand to have it run anew.
        output_notebook_pipeline_data_name: The name of an output that gets the notebook with its
            results.

    Raises:
        ValueError: Something is missing, or is not what it should be.
    """

    def __init__(
        self,
        name: Optional[str] = None,
        notebook_run_config: Any = None,
        runconfig_pipeline_params: Optional[Mapping[str, Any]] = None,
        compute_target: Any = None,
        params: Optional[Mapping[str, Any]] = None,
        inputs: Optional[List[Any]] = None,
        outputs: Optional[List[Any]] = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
        output_notebook_pipeline_data_name: Optional[str] = None,
    ) -> None:
        if None in (name, notebook_run_config, compute_target):
            raise ValueError("name, notebook_run_config and compute_target are required")
        given = notebook_run_config
        if not isinstance(given, NotebookRunConfig):
            kind = type(given).__name__
            raise refusal(f"notebook_run_config must be a NotebookRunConfig, not {kind}")
        self._run_config = configured(given.run_config, compute_target)
        self._run_config.script = given.script
        self._folder = str(given.source_directory)
        result, made = given._result, list(outputs or ())
        if output_notebook_pipeline_data_name:
            data = PipelineData(
                output_notebook_pipeline_data_name,
                pipeline_output_name=output_notebook_pipeline_data_name,
            )
            made.append(data)
            stem = PurePosixPath(given.script).stem
            result = f"{data}/{PurePosixPath(result).name if result else f'{stem}.output{SUFFIX}'}"
        words = given._words(result, given._parameters)
        for each in (*(inputs or ()), *(outputs or ())):
            words += [f"--{getattr(each, 'data_reference_name', None) or each.name}", each]
        for key, value in (params or {}).items():
            named = isinstance(value, PipelineParameter)
            words += [f"--{key}", value] if named else [f"--{key}={literal(value)}"]
        super().__init__(
            str(name), inputs, made, words, allow_reuse, version, params, runconfig_pipeline_params
        )
