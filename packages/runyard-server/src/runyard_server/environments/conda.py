"""conda specifications as pip requirements, as far as the same thing exists there.

    python=3.6.2          -> the interpreter's version
    numpy=1.16            -> numpy==1.16.*
    conda-forge::scipy    -> scipy
    pytorch>=1.2          -> torch>=1.2
    cudatoolkit=10.0      -> nothing, with a note: compiled libraries come inside pip's packages
    git, r-base           -> nothing pip has: an environment with them is made with conda

Names that are not in the table are taken for pip's own.
"""

import re
from dataclasses import dataclass

from runyard.protocol import pythons
from runyard_server.environments.failures import EnvironmentFailed

_NAMES = {
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "tensorflow-mkl": "tensorflow",
    "tensorflow-eigen": "tensorflow",
    # pip's other opencv-python needs libraries of a display, which conda's brings along.
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "pytables": "tables",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "ruamel_yaml": "ruamel.yaml",
    "dask-core": "dask",
    "seaborn-base": "seaborn",
    "jupyterlab_widgets": "jupyterlab-widgets",
    "pyqt": "pyqt5",
    "python-graphviz": "graphviz",
    "python-snappy": "python-snappy",
    "typing_extensions": "typing-extensions",
    "brotlipy": "brotli",
    "importlib_metadata": "importlib-metadata",
    # pycrypto ended in 2013; this has its modules.
    "pycrypto": "pycryptodome",
}
_NOT_PIP = re.compile(
    r"^(_.*|cuda.*|cudnn|nccl|cupti|magma-.*|mkl.*|blas|libblas|openblas|libopenblas|intel-openmp|"
    # These few that begin so are Python packages.
    r"lib(?!rosa|cst|clang|tmux|sass|svm).*|openssl|ca-certificates|sqlite|tk|zlib|xz|bzip2|"
    r"readline|ncurses|ld_impl.*|hdf5|openmpi|mpich|mpi|jpeg|freetype|yaml|nomkl|conda|glib|"
    r"gst-.*|icu|qt|tensorflow-base|_libgcc_mutex|python_abi)$"
)
# Programs and languages: no package of pip's brings them, and nobody names them by habit.
_ONLY_CONDA = re.compile(
    r"^(r|r-.*|bioconductor-.*|gcc.*|gxx.*|gfortran.*|c-compiler|cxx-compiler|fortran-compiler|"
    r"compilers|make|cmake|git|git-lfs|ffmpeg|nodejs|openjdk|perl|imagemagick|gdal)$"
)
_SPEC = re.compile(r"^(?:[\w\-./]+::)?(?P<name>[\w\-.]+)\s*(?P<rest>.*)$")
_ADDRESS = re.compile(r"^[\w+]+:/|^[\w+]+ @ ")
_OPERATOR = re.compile(r"^(==|>=|<=|!=|~=|>|<|=)")


@dataclass(frozen=True)
class Mapped:
    """What a conda specification means for pip.

    Args:
        requirement: A pip requirement, "" for none.
        python: Version of the interpreter asked for, "" for none.
        note: What users should know, "" for nothing.
    """

    requirement: str = ""
    python: str = ""
    note: str = ""


def mapped(spec: str) -> Mapped:
    """What a conda specification means for pip.

    Raises:
        EnvironmentFailed: It is none.
    """
    match = _SPEC.match(spec.strip())
    if match is None or spec.strip().startswith("-") or _ADDRESS.match(spec.strip()):
        raise EnvironmentFailed(
            f"{spec!r} is no conda package such as `numpy=1.16`; what pip installs stands in the "
            "list under `pip:`"
        )
    name, rest = match["name"].lower(), _unbracketed(match["rest"])
    if name == "python":
        return Mapped(python=pythons.asked(rest))
    if only_there(name):
        note = (
            f"conda package {name}, which only conda has, is left out: conda makes no environments "
            "here, for py-rattler is missing (pip install 'runyard[conda]') or the setting conda "
            "is 'never'"
        )
        return Mapped(note=note)
    if _NOT_PIP.match(name):
        return Mapped(note=f"conda package {name} is left out: pip's packages bring what they need")
    own = _NAMES.get(name, name)
    note = f"conda package {name} is installed as pip's {own}" if own != name else ""
    return Mapped(requirement=own + _versions(rest), note=note)


def name_of(spec: str) -> str:
    """The name of the package in a conda specification, in lower case; "" where there is none."""
    match = _SPEC.match(spec.strip())
    return match["name"].lower() if match else ""


def only_there(name: str) -> bool:
    """Whether pip has nothing for a conda package, and nothing of pip's brings it."""
    return bool(_ONLY_CONDA.match(name))


def pip_name(name: str) -> str:
    """What pip calls a conda package."""
    return _NAMES.get(name.lower(), name.lower())


def _unbracketed(rest: str) -> str:
    """Turn `[version='>=1,<2']` into `>=1,<2`."""
    match = re.match(r"^\[.*version\s*=\s*['\"]?([^'\"\]]+)", rest)
    return match.group(1).strip() if match else rest.strip()


def _versions(rest: str) -> str:
    """Pip's version part; a conda build (`1.16.2=py37h…`) has no meaning there."""
    parts = re.split(r"[|]", rest.replace(" ", "=") if re.match(r"^\d", rest) else rest, maxsplit=1)
    return ",".join(filter(None, (_version(part.strip()) for part in parts[0].split(","))))


def _version(part: str) -> str:
    match = _OPERATOR.match(part)
    operator = match.group(1) if match else "="
    version = part[len(match.group(1)) :] if match else part
    version = version.strip().split("=")[0].split(" ")[0]
    if version in ("", "*"):
        return ""
    if operator != "=":
        return operator + version
    # One `=` matches whatever begins so; a full version of three parts is meant exactly.
    exact = version.endswith("*") or version.count(".") > 1
    return f"=={version}" if exact else f"=={version}.*"
