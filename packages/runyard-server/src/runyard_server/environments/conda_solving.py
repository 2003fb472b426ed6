"""The conda part of a lock, by rattler in a process of its own (`conda_program`).

    specifications, channels -> addresses of packages, each with the hash of its file

pip's part is resolved beside it by uv, for the Python that conda gives. uv is told of conda's
packages as wheels without content: what depends on numpy is content with the numpy that is there,
and a requirement that it does not meet is an error, not a second numpy over the first.
"""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runyard.protocol import conda_locks
from runyard.protocol.conda_locks import CondaPackage
from runyard.protocol.errors import RunyardError, StorageFull
from runyard_server.environments import (
    conda,
    conda_accounts,
    conda_rule,
    interpreters,
    lines,
    mpi,
    resolver,
)
from runyard_server.environments.conda_rule import Mirrors
from runyard_server.environments.failures import EnvironmentFailed, IndexUnreachable
from runyard_server.environments.inputs import OLDEST_PYTHON, CondaInputs, Inputs

PROGRAM = Path(__file__).with_name("conda_program.py")
SECONDS = 600
EXTRA = "runyard-server[conda]"
_DISK_FULL, _UNREACHABLE = 28, 75
# By their builds, as conda names them: py37h7e9f1db_0, pyhd8ed1ab_1, py_0.
_OF_PYTHON = re.compile(r"py(\d{2,}|h|_)")
_RELEASE = re.compile(r"\d+\.\d+\.\d+")
_AS_PIP_WRITES = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?")


@dataclass(frozen=True)
class Solved:
    """The conda part of a lock.

    Args:
        python: The version of the Python in it.
        packages: Its packages, by name.
    """

    python: str
    packages: tuple[CondaPackage, ...]

    @property
    def lines(self) -> str:
        """The lines for the lock."""
        return "".join(f"{conda_locks.PREFIX}{each.entry}\n" for each in self.packages)


def solve(
    inputs: Inputs, wanted: CondaInputs, cache: Path, mirrors: Mirrors, log: Callable[[str], None]
) -> Solved:
    """Find the conda packages of a definition.

    Args:
        inputs: The definition in normal form.
        wanted: What of it conda is to give.
        cache: Where rattler keeps what it has fetched.
        mirrors: Where channels are fetched from.
        log: Takes what users should know.

    Raises:
        EnvironmentFailed: Nothing fits; says which package, and which channels were asked.
        IndexUnreachable: A channel does not answer.
        StorageFull: No space is left for the channels' lists.
    """
    if any(map(conda_locks.parsed, wanted.packages)):
        found = _explicit(wanted.packages)
    else:
        found = _by_rattler(inputs, wanted, cache, mirrors, log)
    pythons = [each.version for each in found if each.name == "python"]
    if not pythons:
        raise EnvironmentFailed(
            "the conda packages have no Python, which jobs need: name `python` among them"
        )
    if not _RELEASE.fullmatch(pythons[0]):
        raise EnvironmentFailed(
            f"the conda packages have Python {pythons[0]}, which is no release: jobs need one, as "
            "`python=3.12`"
        )
    return Solved(pythons[0], tuple(sorted(found, key=lambda each: each.name)))


def check_installed() -> None:
    """Check that rattler is there.

    Raises:
        EnvironmentFailed: It is not; says how to install it.
    """
    if not conda_rule.has_rattler():
        raise EnvironmentFailed(
            "the environment is made with conda packages, and py-rattler, which installs them, is "
            f"missing beside the service: {sys.executable} -m pip install '{EXTRA}'"
        )


def as_wheels(packages: Sequence[CondaPackage], folder: Path) -> dict[str, str]:
    """Write the Python packages that conda gives as wheels, for uv to know of them.

    Args:
        packages: The conda part of a lock.
        folder: Takes a wheel without content for each.

    Returns:
        Requirements on these wheels, by pip's name of the package.
    """
    found = {}
    for each in packages:
        name = lines.package(conda.pip_name(each.name))
        # pip cannot read each version of conda's; of such a package uv is not told.
        is_both = bool(_OF_PYTHON.search(each.build)) or name in mpi.BRING_MPIRUN
        if is_both and _AS_PIP_WRITES.fullmatch(each.version):
            found[name] = f"{name} @ {_wheel(name, each.version, folder).as_uri()}"
    return found


def told(message: str, packages: Sequence[CondaPackage]) -> str:
    """A reason of uv's, behind the packages in it that conda gives.

    Args:
        message: The reason.
        packages: The conda part of the lock.
    """
    words = {lines.package(word) for word in re.findall(r"[\w.\-]+", message)}
    given = [each for each in packages if lines.package(conda.pip_name(each.name)) in words]
    if not given:
        return message
    named = ", ".join(f"{each.name} {each.version}" for each in given)
    return (
        f"conda gives {named}, and pip's part needs another version: name it in one of the lists "
        f"alone, or with bounds that one version meets. {message}"
    )


def _wheel(name: str, version: str, folder: Path) -> Path:
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    info = f"{stem}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def _explicit(entries: Sequence[str]) -> list[CondaPackage]:
    """Take packages as they are locked."""
    found = []
    for entry in entries:
        package = conda_locks.parsed(conda_accounts.public(entry))
        if package is None:
            raise EnvironmentFailed(
                f"{entry!r} stands beside conda packages that are named by their addresses: give "
                "the address of each, with its dependencies, or none"
            )
        if not package.sha256:
            raise EnvironmentFailed(
                f"{resolver.hidden(entry)!r} has no hash: write #sha256: and the hash of the file "
                "behind it, as `conda list --explicit --sha256` does"
            )
        found.append(package)
    return found


def _by_rattler(
    inputs: Inputs, wanted: CondaInputs, cache: Path, mirrors: Mirrors, log: Callable[[str], None]
) -> list[CondaPackage]:
    check_installed()
    shown = resolver.hidden(", ".join(wanted.channels))
    log(f"solving {len(wanted.packages)} conda packages from {shown}")
    answer = _ask(
        {
            "channels": [mirrors.of(conda_accounts.public(each)) for each in wanted.channels],
            "specs": [*wanted.packages, _python(inputs.python)],
            "as_of": inputs.as_of,
            "gpu": wanted.gpu,
            "cache": str(cache),
        }
    )
    log(f"conda packages for {answer['platform']} with {', '.join(answer['system'])}")
    log(f"solved {len(answer['packages'])} conda packages in {answer['seconds']:.1f} s")
    for note in answer["notes"]:
        log(resolver.hidden(note))
    return [_locked(each, mirrors) for each in answer["packages"]]


def _locked(found: dict[str, str], mirrors: Mirrors) -> CondaPackage:
    address = conda_accounts.public(mirrors.original(found["address"]))
    package = conda_locks.parsed(f"{address}#{found['sha256']}")
    if package is None or not package.sha256:
        raise EnvironmentFailed(
            f"the conda channel of {resolver.hidden(found['address'])} gives no SHA-256 of it, and "
            "packages are installed by their hashes alone: have the channel indexed anew"
        )
    return package


def _python(asked: str) -> str:
    """The specification of the Python: the newest up to the service's own, unless one is named."""
    if asked:
        return f"python {asked}.*"
    oldest, newest = OLDEST_PYTHON[1], interpreters.own().minor[1]
    return f"python >=3.{oldest},<3.{newest + 1}"


def _ask(request: dict[str, Any]) -> dict[str, Any]:
    try:
        done = subprocess.run(
            # Without PYTHONPATH, and with the user's own packages: rattler may be among them.
            [sys.executable, "-E", "-P", str(PROGRAM), "solve"],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env=dict(os.environ),
        )
    except subprocess.TimeoutExpired:
        raise IndexUnreachable(
            f"the conda packages were not solved within {SECONDS} s; try again"
        ) from None
    if done.returncode:
        raise _failure(
            done.returncode, resolver.hidden(done.stderr.decode("utf-8", "replace").strip())
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _failure(status: int, said: str) -> RunyardError:
    if status == _DISK_FULL:
        return StorageFull(said)
    if status == _UNREACHABLE:
        return IndexUnreachable(
            f"{said}\nCheck the network, or name a mirror of the channel in [conda_mirrors] of "
            "config.toml, then submit again"
        )
    return EnvironmentFailed(said or f"the solver of conda packages ended with status {status}")
