"""Packages of the v1 SDK that are not offered: importable, and refused with words when used.

`import azureml.dataprep as dprep` works, `dprep.read_csv(…)` says what to use instead; so does any
name in any module below such a package. A finder makes the modules. It stands last on
`sys.meta_path`: a package that is installed, and every module of ours, comes first.
"""

from __future__ import annotations

import sys

# typing costs more than this module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any, Optional

_COMPARE = "an Estimator or ScriptRunConfig for each model you try, and run.get_metrics()"
_EXPLAIN = "interpret-community or shap inside your script, and run.upload_file for what it finds"
_PANDAS = "azureml.core.Dataset: Dataset.Tabular.from_delimited_files(…).to_pandas_dataframe()"
_STORES = "Datastore.register_azure_blob_container, or a table of files: Dataset.Tabular"
_TARGETS = "a cluster (AmlCompute) or compute_target='local'"
_SERVE = "Model.deploy with an entry_script: models are served on CPUs and GPUs"

# Package -> what to use, the end of a sentence that begins with "use".
NOT_OFFERED = {
    "azureml.accel": _SERVE,
    "azureml.automl": _COMPARE,
    "azureml.core.compute.adla": _TARGETS,
    "azureml.core.compute.batch": _TARGETS,
    "azureml.core.compute.databricks": _TARGETS,
    "azureml.core.compute.datafactory": _TARGETS,
    "azureml.core.compute.hdinsight": _TARGETS,
    "azureml.core.compute.kubernetescompute": _TARGETS,
    "azureml.core.compute.kusto": _TARGETS,
    "azureml.core.compute.synapse": _TARGETS,
    "azureml.core.databricks": "a PythonScriptStep with the libraries in its environment",
    "azureml.core.linked_service": "Workspace.datastores",
    "azureml.core.private_endpoint": "the address that the service listens on, in its settings",
    "azureml.data.azure_data_lake_datastore": _STORES,
    "azureml.data.azure_my_sql_datastore": _STORES,
    "azureml.data.azure_postgre_sql_datastore": _STORES,
    "azureml.data.azure_sql_database_datastore": _STORES,
    "azureml.data.dbfs_datastore": _STORES,
    "azureml.data.hdfs_datastore": _STORES,
    "azureml.data.stored_procedure_parameter": _STORES,
    "azureml.contrib": "the class for the same purpose in azureml.core or azureml.train",
    "azureml.contrib.explain": _EXPLAIN,
    "azureml.contrib.fairness": "fairlearn inside your script, and run.upload_file",
    "azureml.contrib.interpret": _EXPLAIN,
    "azureml.datadrift": "a script that compares two versions of a dataset, and run.log",
    "azureml.dataprep": _PANDAS,
    "azureml.explain": _EXPLAIN,
    "azureml.fsspec": "datastore.download(…), or datastore.path(…).as_mount() in a job",
    "azureml.interpret": _EXPLAIN,
    "azureml.opendatasets": "the addresses of its files: Dataset.File.from_files('https://…')",
    "azureml.responsibleai": "raiwidgets or responsibleai inside your script",
    "azureml.train.automl": _COMPARE,
}


# What v1 brought along and scripts import beside it, to catch what our own classes raise now.
_BESIDE = ("msrest", "msrest.exceptions")


class _Finder:
    """Finds the modules of packages that are not offered, and of those that v1 brought along."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        """The spec of a module below a package of NOT_OFFERED; None for others."""
        del path, target
        if name in _BESIDE:
            from importlib.util import spec_from_loader

            from runyard.sdk.v1.absent_modules import BesideLoader

            return spec_from_loader(name, BesideLoader(), is_package=name in _BESIDE[:1])
        what = instead(name) if name.startswith("azureml.") else None
        if what is None:
            return None
        from importlib.machinery import ModuleSpec

        from runyard.sdk.v1.absent_modules import AbsentLoader

        # As a package each: `import azureml.automl.core.x` asks every part for the next.
        return ModuleSpec(name, AbsentLoader(what), is_package=True)


def instead(name: str) -> Optional[str]:
    """What to use in place of a module; the nearest package above it tells."""
    while name:
        if name in NOT_OFFERED:
            return NOT_OFFERED[name]
        name = name.rpartition(".")[0]
    return None


def install() -> None:
    """Have the finder asked for every module that nobody else finds."""
    sys.meta_path.append(_Finder())
