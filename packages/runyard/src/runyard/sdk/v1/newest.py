"""Estimators under Runyard's own names: without a version a framework is the newest."""

from runyard.sdk.frameworks import NEWEST, PYTORCH, SKLEARN, TENSORFLOW
from runyard.sdk.v1.dnn import PyTorch as _PyTorch
from runyard.sdk.v1.dnn import TensorFlow as _TensorFlow
from runyard.sdk.v1.estimators import Estimator
from runyard.sdk.v1.sklearn import SKLearn as _SKLearn

__all__ = ["Estimator", "PyTorch", "SKLearn", "TensorFlow"]


class TensorFlow(_TensorFlow):
    """A TensorFlow script; `framework_version` None is the newest TensorFlow."""

    _default_version = NEWEST[TENSORFLOW]
    _says_default = False


class PyTorch(_PyTorch):
    """A PyTorch script; `framework_version` None is the newest PyTorch."""

    _default_version = NEWEST[PYTORCH]
    _says_default = False


class SKLearn(_SKLearn):
    """A scikit-learn script; `framework_version` None is the newest scikit-learn."""

    _default_version = NEWEST[SKLEARN]
    _says_default = False
