"""The uv program: where it is, and the settings it needs to reach what pip would reach.

uv does not read pip's configuration. Whoever has set an index for pip (a mirror inside a company)
expects it to be used here, so it is handed on.
"""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

from uv import find_uv_bin

_FROM_PIP = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
}


def program() -> str:
    """Give the path of uv, which is a dependency of this package."""
    return str(find_uv_bin())


def variables(packages: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that uv is run with, beside those of the process.

    What the user set for uv himself stays, apart from the place of the cache.

    Args:
        packages: The cache; on the environments' file system, so that files can be linked.
        environ: The variables of the process.
    """
    ours = {
        "UV_NO_PROGRESS": "1",
        "UV_NO_CONFIG": "1",
        "UV_LINK_MODE": "hardlink",
        "UV_SYSTEM_CERTS": "true",
        "UV_DEFAULT_INDEX": _pip_index(environ),
        **{
            ours: environ.get(theirs, "") for theirs, ours in _FROM_PIP.items() if theirs in environ
        },
    }
    kept = {name: value for name, value in ours.items() if value and name not in environ}
    return {**kept, "UV_CACHE_DIR": str(packages), "NO_COLOR": "1"}


def whole(packages: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Give all variables for a uv process; a virtual environment around us means nothing to it."""
    bent = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    kept = {name: value for name, value in environ.items() if name not in bent}
    return {**kept, **variables(packages, environ)}


def _pip_index(environ: Mapping[str, str]) -> str:
    """Give the index that pip's configuration files name, the most personal first."""
    home = Path(environ.get("HOME", "~")).expanduser()
    files = [
        Path(environ.get("PIP_CONFIG_FILE", os.devnull)),
        home / ".config" / "pip" / "pip.conf",
        home / ".pip" / "pip.conf",
        Path("/etc/pip.conf"),
    ]
    for file in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
            return parser.get("global", "index-url").strip()
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
    return ""
