"""Are the light half and the v1 names there, ours, and of one version?"""

import sys
from collections.abc import Iterator
from importlib import metadata

from runyard import __version__ as light_version
from runyard_server import __version__
from runyard_server.cli.doctor.finding import BROKEN, NOTE, OK, Finding

# Distributions of the hosted service's SDK that put their own files into the package `azureml`.
RIVALS = ("azureml-core", "azureml-train-core", "azureml-sdk", "azureml-telemetry")


def light_half() -> Iterator[Finding]:
    """Compare the version of what scripts import with the service's."""
    if light_version == __version__:
        yield Finding("SDK", OK, f"runyard {light_version}")
        return
    yield Finding(
        "SDK",
        BROKEN,
        f"runyard is {light_version} and runyard-server is {__version__}; they belong together",
        f"{sys.executable} -m pip install runyard=={__version__}",
    )


def v1_names() -> Iterator[Finding]:
    """Look for `azureml`, and for the hosted service's SDK in the same place."""
    rivals = [name for name in RIVALS if _installed(name)]
    ours = _installed("runyard-azureml")
    if rivals:
        names = " ".join(rivals)
        yield Finding(
            "v1 names",
            BROKEN,
            f"{', '.join(rivals)} and runyard-azureml both own the package 'azureml' here",
            f"{sys.executable} -m pip uninstall -y {names} && {sys.executable} -m pip install "
            "--force-reinstall --no-deps runyard-azureml",
        )
    elif ours:
        yield Finding("v1 names", OK, f"azureml {ours}, served by Runyard")
    else:
        yield Finding(
            "v1 names",
            NOTE,
            "`from azureml.core import ...` does not work here; `from runyard import ...` does",
            f"{sys.executable} -m pip install runyard-azureml",
        )


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
