"""What v1's datasets had and these have not: refused by name, with what to use in its place."""

from typing import Any, NoReturn

from runyard.sdk.exceptions import NotOfferedYet

_DESCRIBE = "to_pandas_dataframe().describe()"
_VERSIONS = "versions: register(…, create_new_version=True), get_by_name(…, version=1)"
_WRITE = "to_pandas_dataframe() or batches() and pandas' own to_csv and to_parquet"
INSTEAD = {
    "compare_profiles": _DESCRIBE,
    "create_snapshot": _VERSIONS,
    "generate_profile": _DESCRIBE,
    "get_all_snapshots": _VERSIONS,
    "get_definition": _VERSIONS,
    "get_definitions": _VERSIONS,
    "get_profile": _DESCRIBE,
    "get_profile_runs": _DESCRIBE,
    "get_snapshot": _VERSIONS,
    "submit_profile_run": _DESCRIBE,
    "to_csv_files": _WRITE,
    "to_parquet_files": _WRITE,
    "to_spark_dataframe": "to_pandas_dataframe()",
    "to_torchvision": "as_mount() and torchvision.datasets.ImageFolder in the script",
    "update_definition": _VERSIONS,
}
"""Names of methods, and the end of a sentence that begins with "use"."""


class Refusing:
    """Refuses the methods of INSTEAD when they are called; to look for them is fine."""

    def __getattr__(self, name: str) -> Any:
        if name not in INSTEAD:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        def refuse(*_: Any, **__: Any) -> NoReturn:
            raise NotOfferedYet(f"{type(self).__name__}.{name}", INSTEAD[name])

        return refuse
