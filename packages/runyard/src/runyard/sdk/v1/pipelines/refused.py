"""Names of pipelines that are not offered: importable, and refused with what to use instead."""

from runyard.sdk.v1.later import later

_STEP = "a PythonScriptStep whose script does it"
_CORE, _STEPS = "azureml.pipeline.core.", "azureml.pipeline.steps."

AdlaStep = later(_STEPS + "AdlaStep", _STEP)
AutoMLStep = later(_STEPS + "AutoMLStep", "a HyperDriveStep, or a PythonScriptStep for each model")
AutoMLStepRun = later(_STEPS + "AutoMLStepRun", "StepRun")
AzureBatchStep = later(_STEPS + "AzureBatchStep", _STEP)
DatabricksStep = later(_STEPS + "DatabricksStep", _STEP)
DataTransferStep = later(_STEPS + "DataTransferStep", "a PythonScriptStep with two DataReferences")
KustoStep = later(_STEPS + "KustoStep", _STEP)
ModuleStep = later(_STEPS + "ModuleStep", "the step itself, made by a function of yours")
RScriptStep = later(_STEPS + "RScriptStep", _STEP)
SynapseSparkStep = later(_STEPS + "SynapseSparkStep", _STEP)
Module = later(_CORE + "module.Module", "the step itself, made by a function of yours")
ModuleVersion = later(_CORE + "module.ModuleVersion", "the step itself, made by a function")
InputPortDef = later(_CORE + "graph.InputPortDef", "inputs=[…] of the step")
OutputPortDef = later(_CORE + "graph.OutputPortDef", "outputs=[…] of the step")
