"""The names of pipelines: importable; pipelines are not offered yet."""

from runyard.sdk.v1.later import later

_INSTEAD = "one Experiment.submit per step, each after run.wait_for_completion()"
_CORE, _STEPS = "azureml.pipeline.core.", "azureml.pipeline.steps."

Pipeline = later(_CORE + "Pipeline", _INSTEAD)
PipelineData = later(_CORE + "PipelineData", _INSTEAD)
PipelineDraft = later(_CORE + "PipelineDraft", _INSTEAD)
PipelineEndpoint = later(_CORE + "PipelineEndpoint", _INSTEAD)
PipelineParameter = later(_CORE + "PipelineParameter", _INSTEAD)
PipelineRun = later(_CORE + "PipelineRun", _INSTEAD)
PublishedPipeline = later(_CORE + "PublishedPipeline", _INSTEAD)
Schedule = later(_CORE + "Schedule", _INSTEAD)
ScheduleRecurrence = later(_CORE + "ScheduleRecurrence", _INSTEAD)
StepRun = later(_CORE + "StepRun", _INSTEAD)
StepSequence = later(_CORE + "StepSequence", _INSTEAD)
TrainingOutput = later(_CORE + "TrainingOutput", _INSTEAD)
InputPortDef = later(_CORE + "graph.InputPortDef", _INSTEAD)
OutputPortDef = later(_CORE + "graph.OutputPortDef", _INSTEAD)
Module = later(_CORE + "module.Module", _INSTEAD)
AdlaStep = later(_STEPS + "AdlaStep", _INSTEAD)
AutoMLStep = later(_STEPS + "AutoMLStep", _INSTEAD)
AzureBatchStep = later(_STEPS + "AzureBatchStep", _INSTEAD)
CommandStep = later(_STEPS + "CommandStep", _INSTEAD)
DatabricksStep = later(_STEPS + "DatabricksStep", _INSTEAD)
DataTransferStep = later(_STEPS + "DataTransferStep", _INSTEAD)
EstimatorStep = later(_STEPS + "EstimatorStep", _INSTEAD)
HyperDriveStep = later(_STEPS + "HyperDriveStep", _INSTEAD)
HyperDriveStepRun = later(_STEPS + "HyperDriveStepRun", _INSTEAD)
KustoStep = later(_STEPS + "KustoStep", _INSTEAD)
ModuleStep = later(_STEPS + "ModuleStep", _INSTEAD)
MpiStep = later(_STEPS + "MpiStep", _INSTEAD)
ParallelRunConfig = later(_STEPS + "ParallelRunConfig", _INSTEAD)
ParallelRunStep = later(_STEPS + "ParallelRunStep", _INSTEAD)
PythonScriptStep = later(_STEPS + "PythonScriptStep", _INSTEAD)
