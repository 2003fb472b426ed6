"""The conda environments of this machine, as lists of packages.

Where there is a conda (or mamba, or micromamba) it exports the environment. Without one, as in a
container that was given the environment alone, its records say the same: `conda-meta` has a file
for each package, and `site-packages` has what pip has put beside them.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from runyard.protocol.suggestions import nearest
from runyard.sdk.conda import CondaDependencies
from runyard.sdk.exceptions import UserErrorException

_PROGRAMS = ("conda", "mamba", "micromamba")
_SECONDS = 120
_ROOTS = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", "/opt/conda")
# `pkgs/main` and its kind are what `defaults` means.
_PUBLIC = re.compile(r"https?://(?:conda\.anaconda\.org/([^/]+)|repo\.anaconda\.com/pkgs/)")
_METADATA = re.compile(r"^(Name|Version): *(\S+)", re.MULTILINE)


def read(wanted: str) -> CondaDependencies:
    """Read the packages of a conda environment of this machine.

    Args:
        wanted: Its name, or its folder.

    Raises:
        UserErrorException: There is none; those that are there are named.
    """
    exported = _exported(wanted)
    if exported is not None:
        return exported
    prefix = _prefix(wanted)
    found = CondaDependencies.create(pip_packages=[])
    paths = sorted((prefix / "conda-meta").glob("*.json"))
    records = [json.loads(path.read_text("utf-8")) for path in paths]
    for channel in dict.fromkeys(map(_channel, records)):
        found.add_channel(channel)
    for record in records:
        if record["name"] == "python":
            found.set_python_version(str(record["version"]))
        else:
            found.add_conda_package("{name}={version}".format(**record))
    for line in _by_pip(prefix, records):
        found.add_pip_package(line)
    return found


def _exported(wanted: str) -> Optional[CondaDependencies]:
    """What conda says of an environment; None where there is no conda, or it knows none such."""
    program = os.environ.get("CONDA_EXE") or next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if not program:
        return None
    which = ["--prefix", wanted] if _is_folder(wanted) else ["--name", wanted]
    try:
        done = subprocess.run(
            [program, "env", "export", "--no-builds", *which],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "environment.yml")
        file.write_bytes(done.stdout)
        return CondaDependencies(str(file))


def _prefix(wanted: str) -> Path:
    found = {path.name: path for path in _environments()}
    if _is_folder(wanted):
        path = Path(wanted).expanduser()
        if (path / "conda-meta").is_dir():
            return path
        raise UserErrorException(f"{wanted!r} is no conda environment: it has no folder conda-meta")
    if wanted in found:
        return found[wanted]
    close = nearest(wanted, found)
    there = f"there are {', '.join(close or sorted(found))}" if found else "there are none"
    raise UserErrorException(
        f"there is no conda environment {wanted!r} on this machine, and no conda that knows one; "
        f"{there}. The folder of an environment may be named, too"
    )


def _environments() -> Iterator[Path]:
    """The environments that conda would list: those of its own list, and in its usual folders."""
    home = Path.home()
    listed = home / ".conda" / "environments.txt"
    lines = listed.read_text("utf-8").splitlines() if listed.is_file() else []
    candidates = [Path(line.strip()) for line in lines if line.strip()]
    given = [os.environ.get(name) for name in ("CONDA_PREFIX", "MAMBA_ROOT_PREFIX")]
    roots = [home / each for each in (".conda", *_ROOTS)] + [Path(each) for each in given if each]
    # What is active may be one of them, with the others beside it.
    folders = [root / "envs" for root in roots] + [
        r.parent for r in roots if r.parent.name == "envs"
    ]
    folders += map(Path, filter(None, os.environ.get("CONDA_ENVS_PATH", "").split(os.pathsep)))
    for folder in folders:
        candidates += sorted(folder.iterdir()) if folder.is_dir() else []
    yield from (path for path in candidates if (path / "conda-meta").is_dir())


def _is_folder(wanted: str) -> bool:
    return os.sep in wanted


def _channel(record: Dict[str, Any]) -> str:
    """The channel of a package as people name it; its address where that is no public one."""
    address = str(record.get("channel") or record.get("url") or "")
    public = _PUBLIC.match(address)
    if public is None:
        return re.sub(r"/(noarch|[a-z]+-\w+)(/[^/]*)?/?$", "", address) or "defaults"
    return public.group(1) or "defaults"


def _by_pip(prefix: Path, records: List[Dict[str, Any]]) -> Iterator[str]:
    """The packages that pip has put into an environment: those of which conda has no file."""
    known = {str(name) for record in records for name in record.get("files") or ()}
    for metadata in sorted(prefix.glob("lib/python3*/site-packages/*.dist-info/METADATA")):
        if metadata.relative_to(prefix).as_posix() not in known:
            facts = dict(_METADATA.findall(metadata.read_text("utf-8", "replace")))
            yield "{Name}=={Version}".format(**facts)
