"""The uv program, and the user's pip settings in its words.

uv does not read pip's configuration. Whoever configured pip (an index of the company, a folder of
wheels, a certificate) means it for us too, so what pip would use is handed to uv in variables.
What the user set for uv itself is stronger.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from uv import find_uv_bin

from runyard_server.environments.failures import EnvironmentFailed

# pip's option -> uv's variable, and what stands between several values there.
_OPTIONS = {
    "index-url": ("UV_DEFAULT_INDEX", ""),
    "extra-index-url": ("UV_EXTRA_INDEX_URL", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "constraint": ("UV_CONSTRAINT", " "),
    "no-index": ("UV_NO_INDEX", ""),
}
# These would point uv at the service's own environment, or at a project of the user's.
_FOREIGN = (
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PYTHONPATH",
    "PYTHONHOME",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_WORKING_DIR",
)


def program() -> str:
    """The path of uv.

    Raises:
        EnvironmentFailed: It is not there.
    """
    try:
        return os.fspath(find_uv_bin())
    except FileNotFoundError:
        raise EnvironmentFailed(
            "the uv program, which makes environments, is missing; install it with: "
            f"{sys.executable} -m pip install --force-reinstall uv"
        ) from None


def variables(cache: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables uv is run with.

    Args:
        cache: Folder of downloaded packages.
        environ: The variables of this process.
    """
    kept = {name: value for name, value in environ.items() if name not in _FOREIGN}
    given = _from_pip(environ)
    if "UV_EXTRA_INDEX_URL" in given:
        # pip looks into all indexes for the best version; without this uv stops at the first.
        kept.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    for name, value in given.items():
        kept.setdefault(name, value)
    certificate = _one(environ, "cert")
    if certificate:
        kept.setdefault("SSL_CERT_FILE", certificate)
    # Many companies' proxies sign with a certificate that only the system knows.
    kept.setdefault("UV_SYSTEM_CERTS", "true")
    kept.update(UV_CACHE_DIR=str(cache), UV_NO_PROGRESS="1", NO_COLOR="1")
    return kept


def _from_pip(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for option, (name, separator) in _OPTIONS.items():
        value = _one(environ, option)
        if value:
            found[name] = separator.join(value.split()) if separator else value.strip()
    return found


def _one(environ: Mapping[str, str], option: str) -> str:
    """What pip would use for an option: its variable, else the last file that names it."""
    variable = "PIP_" + option.upper().replace("-", "_")
    if environ.get(variable):
        return environ[variable]
    values = [value for path in _files(environ) for value in _in_file(path, option)]
    return values[-1] if values else ""


def _files(environ: Mapping[str, str]) -> Iterable[Path]:
    """Pip's configuration files, the weaker before the stronger."""
    given = environ.get("PIP_CONFIG_FILE")
    home = Path(environ.get("HOME", "") or "~").expanduser()
    shared = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    for folder in reversed(shared.split(os.pathsep)):
        yield Path(folder, "pip", "pip.conf")
    yield Path("/etc/pip.conf")
    if given != os.devnull:
        yield home / ".pip" / "pip.conf"
        own = environ.get("XDG_CONFIG_HOME")
        yield (Path(own) if own else home / ".config") / "pip" / "pip.conf"
        yield Path(sys.prefix, "pip.conf")
    if given and given != os.devnull:
        yield Path(given)


def _in_file(path: Path, option: str) -> Iterator[str]:
    """An option's values in a file; `install` is more special than `global`."""
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return
    for section in ("global", "install"):
        for name in (option, option.replace("-", "_")):
            if parser.has_option(section, name):
                yield parser.get(section, name)
