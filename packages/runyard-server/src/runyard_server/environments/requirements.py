"""What a definition asks for, as the lines that the resolver reads.

conda package names become the packages of the same name, apart from those that are no Python
packages; `python` among them chooses the interpreter. The SDK's own names are left out: every job
has them on its path.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from runyard.protocol.environments import EnvironmentDefinition

_OWN = re.compile(r"azureml(-.*)?|runyard(-azureml)?")
_NOT_PYTHON = frozenset(
    (
        "ca-certificates",
        "cudatoolkit",
        "cudnn",
        "gcc",
        "gxx",
        "intel-openmp",
        "libgcc",
        "libstdcxx-ng",
        "mkl",
        "mpi",
        "nccl",
        "openblas",
        "openmpi",
        "openssl",
        "pip",
    )
)
_NAMES = {
    "pytorch": "torch",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-mkl": "tensorflow",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "matplotlib-base": "matplotlib",
    "py-xgboost": "xgboost",
    "lightgbm-base": "lightgbm",
}


@dataclass(frozen=True)
class Request:
    """Resolver input: the Python asked for ("" for any), option lines and requirement lines."""

    python: str
    options: tuple[str, ...]
    lines: tuple[str, ...]


def request(definition: EnvironmentDefinition, log: Callable[[str], None]) -> Request:
    """Give the resolver's input for a definition; what is left out is logged.

    Args:
        definition: What the user asked for.
        log: Takes lines for the build log.
    """
    python = definition.python
    lines = []
    for spec in definition.conda:
        name, version = _split(spec)
        if name == "python":
            python = python or version.lstrip("=")
        elif name in _NOT_PYTHON:
            log(f"left out {spec!r}: it is no Python package, or comes with those that need it")
        else:
            lines.append(_requirement(name, version))
    options = [line.strip() for line in definition.pip if line.strip().startswith("-")]
    lines += [line.strip() for line in definition.pip if not line.strip().startswith("-")]
    kept = [line for line in lines if line and not _own(line, log)]
    return Request(python, tuple(options), tuple(sorted(set(kept))))


def _own(line: str, log: Callable[[str], None]) -> bool:
    name = re.split(r"[\s<>=!~;\[@]", line, maxsplit=1)[0].lower().replace("_", "-")
    if _OWN.fullmatch(name):
        log(f"left out {line!r}: jobs have the SDK already")
        return True
    return False


def _split(spec: str) -> tuple[str, str]:
    """Take a conda specification apart: `numpy=1.16`, `conda-forge::x>=2`, `y 1.0 build`."""
    text = spec.rpartition("::")[2].strip()
    match = re.match(r"([A-Za-z0-9_.\-]+)\s*(.*)$", text)
    if match is None:
        return text, ""
    return match.group(1).lower(), match.group(2).strip()


def _requirement(name: str, version: str) -> str:
    """Write a conda version as pip writes it: one `=` means any release that begins so."""
    name = _NAMES.get(name, name)
    if not version:
        return name
    single = re.fullmatch(r"=?\s*(\d[\w.]*)(?:[=\s].*)?", version)
    if single and not version.startswith("=="):
        return (
            f"{name}=={single.group(1)}.*"
            if version.startswith("=")
            else f"{name}=={single.group(1)}"
        )
    return name + version.replace(" ", "")
