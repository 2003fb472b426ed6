"""Are the light half and the v1 names there, ours, and of one version?"""

import importlib.util
import json
import shlex
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from runyard import __version__ as light_version
from runyard_server import __version__
from runyard_server.cli.doctor.finding import BROKEN, NOTE, OK, Finding

OURS = "runyard-azureml"


def light_half() -> Iterator[Finding]:
    """Compare the version of what scripts import with the service's."""
    if light_version == __version__:
        yield Finding("SDK", OK, f"runyard {light_version}")
        return
    yield Finding(
        "SDK",
        BROKEN,
        f"runyard is {light_version} and runyard-server is {__version__}; they belong together",
        f"{_pip('install')} runyard=={__version__}",
    )


def v1_names() -> Iterator[Finding]:
    """Find `azureml`, and the hosted service's SDK in the same place."""
    rivals = _rivals()
    ours = _installed(OURS)
    if rivals:
        yield Finding(
            "v1 names",
            BROKEN,
            f"{_told(rivals)} and {OURS} both own the package 'azureml' here",
            _replace(rivals),
        )
    elif ours:
        yield Finding("v1 names", OK, f"azureml {ours}, served by Runyard")
    else:
        yield Finding(
            "v1 names",
            NOTE,
            "`from azureml.core import ...` does not work here; `from runyard import ...` does",
            f"{_pip('install')} {OURS}",
        )


def _rivals() -> list[str]:
    """The distributions of the hosted service's SDK: those with files in the package `azureml`."""
    found = set()
    for distribution in metadata.distributions():
        # What a broken uninstall left has no name.
        name = distribution.metadata["Name"] or ""
        if name.startswith("azureml") and any(
            file.parts[0] == "azureml" for file in distribution.files or ()
        ):
            found.add(name)
    return sorted(found)


def _replace(rivals: list[str]) -> str:
    """The command that removes the other owners, then puts our files in place again.

    The others may have overwritten ours, so ours are installed once more. Whether they can be had
    is tried first: nothing is removed when they cannot.
    """
    source = _source() or f"{OURS}=={_installed(OURS) or __version__}"
    again = f"{_pip('install')} --no-deps {_pip_words('--force-reinstall', '--reinstall')}"
    remove = f"{_pip('uninstall')}{_pip_words(' -y', '')} {' '.join(rivals)}"
    return f"{again} --dry-run {source} && {remove} && {again} {source}"


def _source() -> str:
    """Where our v1 names were installed from, if that is a file or folder that is still there."""
    try:
        # pip and uv write it (PEP 610) for whatever did not come from an index.
        told = metadata.distribution(OURS).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return ""
    if not told:
        return ""
    origin = json.loads(told)
    address = urlsplit(str(origin.get("url", "")))
    path = Path(url2pathname(address.path))
    if address.scheme != "file" or not path.exists():
        return ""
    editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
    return f"{editable}{shlex.quote(str(path))}"


def _pip(verb: str) -> str:
    """How packages of this interpreter are changed; environments made by uv have no pip."""
    python = shlex.quote(sys.executable)
    return _pip_words(f"{python} -m pip {verb}", f"{python} -m uv pip {verb} --python {python}")


def _pip_words(pip: str, uv: str) -> str:
    """The words for the program that there is."""
    return pip if importlib.util.find_spec("pip") is not None else uv


def _told(names: list[str]) -> str:
    most = 3
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
