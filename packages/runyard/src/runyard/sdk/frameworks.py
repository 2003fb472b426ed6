"""Which packages a framework's version means, and on which Python they run.

One table row per version, with the pins that its own requirements leave out; `""` as Python lets
the service choose. `NEWEST` is what Runyard's own names mean when no version is given.
"""

from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

TENSORFLOW, PYTORCH, CHAINER, SKLEARN = "TensorFlow", "PyTorch", "Chainer", "SKLearn"
# The package that runs by MPI get beside these frameworks.
HOROVOD = "horovod"
WITH_HOROVOD = (TENSORFLOW, PYTORCH)
NEWEST: Dict[str, str] = {
    TENSORFLOW: "2.21",
    PYTORCH: "newest",
    CHAINER: "7.0.0",
    SKLEARN: "newest",
}


@dataclass(frozen=True)
class FrameworkVersion:
    """The packages of one version.

    Args:
        python: Python version, "" for any.
        pip: Requirements, for machines without a GPU.
        note: What differs from the version asked for, to be said to the user.
    """

    python: str
    pip: Tuple[str, ...]
    note: str = ""


_OLD_PROTOBUF = "protobuf<3.21"  # newer ones break the generated code of these versions
# TensorBoard and `future` as v1's images of PyTorch had them.
_TORCH_TOOLS = ("numpy<1.22", "tensorboard==1.14.0", "future==0.17.1", "protobuf<3.21")
_TF_1_13 = ("tensorflow==1.13.1", _OLD_PROTOBUF, "numpy<1.17")


def _instead(version: str) -> str:
    return (
        f"TensorFlow {version} has no build for Python 3.7 or newer, which jobs need: "
        "TensorFlow 1.13.1 on Python 3.7 is used in its place"
    )


def _torch(torch: str, vision: str, *more: str) -> FrameworkVersion:
    pins = (f"torch=={torch}", f"torchvision=={vision}", *more, *_TORCH_TOOLS)
    return FrameworkVersion("3.7", pins)


_VERSIONS: Dict[str, Dict[str, FrameworkVersion]] = {
    TENSORFLOW: {
        "1.10": FrameworkVersion("3.7", _TF_1_13, _instead("1.10")),
        "1.12": FrameworkVersion("3.7", _TF_1_13, _instead("1.12")),
        "1.13": FrameworkVersion("3.7", _TF_1_13),
        "1.14": FrameworkVersion("3.7", ("tensorflow==1.14.0", _OLD_PROTOBUF, "numpy<1.17")),
        "1.15": FrameworkVersion("3.7", ("tensorflow==1.15.5", _OLD_PROTOBUF)),
        "2.0": FrameworkVersion("3.7", ("tensorflow==2.0.4", _OLD_PROTOBUF)),
        "2.1": FrameworkVersion("3.7", ("tensorflow-cpu==2.1.*", _OLD_PROTOBUF)),
        "2.2": FrameworkVersion("3.8", ("tensorflow-cpu==2.2.*", _OLD_PROTOBUF)),
        "2.3": FrameworkVersion("3.8", ("tensorflow-cpu==2.3.4", _OLD_PROTOBUF)),
        "2.11": FrameworkVersion("3.7", ("tensorflow-cpu==2.11.0",)),
        "2.12": FrameworkVersion("3.10", ("tensorflow-cpu==2.12.1",)),
        "2.15": FrameworkVersion("3.11", ("tensorflow-cpu==2.15.1",)),
        # From 2.21 on TensorFlow does not bring it, and tf.summary raises without.
        "2.21": FrameworkVersion("", ("tensorflow-cpu==2.21.0", "tensorboard>=2.20,<2.22")),
    },
    PYTORCH: {
        # Pillow 7 took away a name that torchvision before 0.5 imports.
        "1.0": _torch("1.0.1", "0.2.1", "pillow<7"),
        "1.1": _torch("1.1.0", "0.3.0", "pillow<7"),
        "1.2": _torch("1.2.0", "0.4.0", "pillow<7"),
        "1.3": _torch("1.3.1", "0.4.2", "pillow<7"),
        "1.4": _torch("1.4.0", "0.5.0"),
        "1.5": _torch("1.5.1", "0.6.1"),
        "1.6": _torch("1.6.0", "0.7.0"),
        "newest": FrameworkVersion("", ("torch", "torchvision")),
    },
    CHAINER: {
        "5.1.0": FrameworkVersion("3.7", ("chainer==5.1.0", "numpy<1.17", _OLD_PROTOBUF)),
        "7.0.0": FrameworkVersion("3.7", ("chainer==7.0.0", "numpy<1.17", _OLD_PROTOBUF)),
    },
    SKLEARN: {
        "0.20.3": FrameworkVersion(
            "3.7",
            # v1's own pins.
            ("scikit-learn==0.20.3", "scipy==1.2.1", "numpy==1.16.2", "joblib==0.13.2"),
        ),
        "newest": FrameworkVersion("", ("scikit-learn", "joblib")),
    },
}


def versions(framework: str) -> List[str]:
    """List the versions of a framework, oldest first."""
    return list(_VERSIONS[framework])


def find(framework: str, version: str) -> Optional[FrameworkVersion]:
    """Find the row of a version; `2.21.0` finds `2.21` when the table has only that."""
    rows = _VERSIONS[framework]
    return rows.get(version) or rows.get(".".join(version.split(".")[:2]))
