"""The v1 `runDefinition`: what `get_details()["runDefinition"]` shows of a run, in camelCase."""

from typing import Any, Dict, List

from runyard.sdk.definitions import document_of
from runyard.sdk.run_details import argument
from runyard.sdk.v1.arguments import References


def run_definition(
    run_config: Any, script: str, arguments: List[str], references: References
) -> Dict[str, Any]:
    """Write the definition of a run, as v1 shows it.

    Args:
        run_config: Its RunConfiguration.
        script: The script's path below the source folder.
        arguments: Its arguments as texts.
        references: Its data references by name.
    """
    # Also keys of what is not offered: v1's definition has them all.
    cluster = run_config.amlcompute
    datasets = (references.inputs.values(), references.outputs.values())
    return {
        "script": script,
        "command": run_config.command or "",
        # Scripts read the hyperparameters of a run out of them; v1 shows every value as a text.
        "arguments": [argument(each, *datasets) for each in arguments],
        "sourceDirectoryDataStore": run_config.source_directory_data_store,
        "framework": run_config.framework,
        "communicator": run_config.communicator or "None",
        "target": run_config.target,
        "dataReferences": _references(references),
        "jobName": None,
        "maxRunDurationSeconds": run_config.max_run_duration_seconds,
        "nodeCount": run_config.node_count,
        "environment": document_of(run_config.environment),
        "history": {
            "outputCollection": run_config.history.output_collection,
            "directoriesToWatch": list(run_config.history.directories_to_watch or []),
        },
        "spark": {"configuration": dict(run_config.spark.configuration)},
        "amlCompute": {
            "name": cluster.name,
            "vmSize": cluster.vm_size,
            "retainCluster": cluster.retain_cluster,
            "clusterMaxNodeCount": None,
        },
        "tensorflow": {
            "workerCount": run_config.tensorflow.worker_count,
            "parameterServerCount": run_config.tensorflow.parameter_server_count,
        },
        "mpi": {"processCountPerNode": run_config.mpi.process_count_per_node},
        "pytorch": {
            "communicationBackend": run_config.pytorch.communication_backend,
            "processCount": run_config.pytorch.process_count,
        },
        "hdi": {"yarnDeployMode": run_config.hdi.yarn_deploy_mode},
        "containerInstance": {"region": None, "cpuCores": 2.0, "memoryGb": 3.5},
        "exposedPorts": None,
    }


def _references(references: References) -> Dict[str, Dict[str, Any]]:
    return {
        name: {
            "dataStoreName": reference.datastore,
            "mode": reference.mode.capitalize(),
            "pathOnDataStore": reference.path or None,
            "pathOnCompute": reference.path_on_compute or None,
            "overwrite": reference.overwrite,
        }
        for name, reference in references.items()
    }
