"""How a model is served without a script: its flavor, and the environment that the flavor needs.

The flavor is told by the framework that the model was registered with, else by its files:

    saved_model.pb -> tensorflow    *.keras, *.h5 -> keras       *.pkl, *.joblib -> sklearn
    *.onnx -> onnx                  *.pt, *.pth -> torch         MLmodel -> pyfunc

A framework's version decides which packages there are; without one they are the newest.
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import Dict, Iterable, List, Mapping, Optional, Tuple

from runyard.protocol.endpoints import KERAS, ONNX, PYFUNC, SKLEARN, TENSORFLOW, TORCH
from runyard.sdk import frameworks

BY_FRAMEWORK: Mapping[str, str] = {
    "TensorFlow": TENSORFLOW,
    "TfKeras": KERAS,
    "ScikitLearn": SKLEARN,
    "Onnx": ONNX,
    "PyTorch": TORCH,
}
_BY_NAME = {
    "mlmodel": PYFUNC,
    "saved_model.pb": TENSORFLOW,
    "saved_model.pbtxt": TENSORFLOW,
}
_BY_ENDING = {
    ".keras": KERAS,
    ".h5": KERAS,
    ".hdf5": KERAS,
    ".onnx": ONNX,
    ".pt": TORCH,
    ".pth": TORCH,
    ".joblib": SKLEARN,
    ".pkl": SKLEARN,
    ".pickle": SKLEARN,
}
# An MLflow folder has a file of another flavor within, and a Keras one may lie in a SavedModel.
_ORDER = (PYFUNC, TENSORFLOW, KERAS, ONNX, TORCH, SKLEARN)
CHECKPOINT = ".meta"
# The module and the distribution by which an installed framework is known.
MODULES: Mapping[str, str] = {
    TENSORFLOW: "tensorflow",
    KERAS: "tensorflow",
    SKLEARN: "sklearn",
    ONNX: "onnxruntime",
    TORCH: "torch",
    PYFUNC: "mlflow",
}
_DISTRIBUTIONS: Mapping[str, Tuple[str, ...]] = {
    TENSORFLOW: ("tensorflow", "tensorflow-cpu", "tensorflow-gpu"),
    KERAS: ("tensorflow", "tensorflow-cpu", "tensorflow-gpu"),
    SKLEARN: ("scikit-learn",),
    ONNX: ("onnx",),
    TORCH: ("torch",),
    PYFUNC: ("mlflow",),
}


def of(framework: str, files: Iterable[str]) -> str:
    """The flavor of a model; "" where nothing tells it.

    Args:
        framework: The framework that it was registered with, "" for none.
        files: The paths of its files.
    """
    return BY_FRAMEWORK.get(framework) or of_files(files)


def of_files(files: Iterable[str]) -> str:
    """The flavor that a model's files tell; "" where they tell none.

    Args:
        files: Their paths.
    """
    found = {_flavor(PurePosixPath(name)) for name in files}
    return next((flavor for flavor in _ORDER if flavor in found), "")


def why_none(name: str, files: Iterable[str]) -> str:
    """Why a model can be served by a script alone, and what to do.

    Args:
        name: The model.
        files: The paths of its files.
    """
    paths = list(files)
    if any(path.endswith(CHECKPOINT) for path in paths):
        return (
            f"{name} is a checkpoint of TensorFlow, which does not say what goes in and what comes "
            "out: give script= with init() and run(), or register a SavedModel"
        )
    shown = ", ".join(paths[:3]) + (", …" if len(paths) > 3 else "")  # noqa: PLR2004 - some
    return (
        f"nothing tells how {name} is served ({shown or 'it has no files'}): give script= with "
        "init() and run(), or register it with model_framework "
        f"({', '.join(BY_FRAMEWORK)}). Known by their files are SavedModel, .keras, .h5, .onnx, "
        ".pt, .pkl, .joblib and MLflow folders"
    )


def framework_of(flavor: str) -> str:
    """The framework under which a model of this flavor is registered; "" for none."""
    return next((name for name, found in BY_FRAMEWORK.items() if found == flavor), "")


def packages(flavor: str, version: str) -> Tuple[str, Tuple[str, ...]]:
    """What a flavor needs.

    Args:
        flavor: One of `protocol.endpoints.FLAVORS` but `script`.
        version: The framework's version, "" for the newest.

    Returns:
        The Python version, "" for any, and requirements as pip reads them.
    """
    if flavor in (TENSORFLOW, KERAS):
        return _row(frameworks.TENSORFLOW, version, "tensorflow-cpu")
    if flavor == SKLEARN:
        return _row(frameworks.SKLEARN, version, "scikit-learn", "joblib")
    if flavor == TORCH:
        return "", (f"torch=={version}" if version else "torch", "numpy")
    if flavor == ONNX:
        # A model's version is that of `onnx`, which the runtime does not share.
        return "", ("onnxruntime", "numpy")
    return "", (f"mlflow=={version}" if version else "mlflow",)


def installed_version(flavor: str, folders: Optional[List[str]] = None) -> str:
    """The version of a flavor's framework in this Python; "" where it has none.

    Args:
        flavor: The flavor.
        folders: Where packages lie; None: on this process's path.
    """
    found = _distributions(folders)
    names = _DISTRIBUTIONS.get(flavor, ())
    return next((found[name] for name in names if name in found), "")


def _flavor(path: PurePosixPath) -> str:
    return _BY_NAME.get(path.name.lower()) or _BY_ENDING.get(path.suffix.lower(), "")


def _row(framework: str, version: str, package: str, *more: str) -> Tuple[str, Tuple[str, ...]]:
    # A row knows the Python and the numpy that a version works with; of others pip decides.
    row = frameworks.find(framework, version or frameworks.NEWEST[framework])
    if row is not None:
        return row.python, row.pip_of(version)
    return "", (f"{package}=={version}", *more)


def _distributions(folders: Optional[List[str]]) -> Dict[str, str]:
    """Names and versions of what is installed; Python 3.7 has no importlib.metadata."""
    found: Dict[str, str] = {}
    for folder in sys.path if folders is None else folders:
        for path in Path(folder or ".").glob("*.dist-info"):
            name, _, version = path.stem.partition("-")
            # Builds such as `2.4.0+cpu` are in no index by that name.
            found.setdefault(name.lower().replace("_", "-"), version.partition("+")[0])
    return found
