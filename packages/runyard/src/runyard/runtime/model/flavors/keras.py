"""Keras: `.keras`, `.h5` and SavedModel folders, of Keras 3, tf.keras and the Keras of 2019."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

from runyard.runtime.model.flavors.arrays import ArrayFlavor, find_file, find_folder
from runyard.runtime.model.flavors.tensorflow import DATATYPES
from runyard.runtime.model.served import Signature, TensorSpec

if TYPE_CHECKING:
    from runyard.protocol.serving import WorkerSpec

DEFAULT = "serving_default"
ENDINGS = [".keras", ".h5", ".hdf5"]
Function = Callable[[List[Any]], List[Any]]


class Model(ArrayFlavor):
    """A Keras model."""

    platform = "keras"
    default = DEFAULT

    def load(self, spec: WorkerSpec) -> Dict[str, Signature]:
        """See Flavor."""
        path = _path(spec)
        keras, self.framework = _library()
        model = _loaded(keras, path)
        inputs = _specs(model, "input")
        outputs = _specs(model, "output")
        self.signatures = {DEFAULT: Signature(inputs, outputs)}
        self._names = [each.name for each in inputs], [each.name for each in outputs]
        self._function = _function(keras, model)
        # A first axis of a fixed size takes so many rows and no others.
        self.batched = all(
            each.shape is None or each.shape[:1] == [-1] for each in (*inputs, *outputs)
        )
        return self.signatures

    def call(
        self,
        inputs: Dict[str, Any],
        signature: str = "",
        parameters: Optional[Dict[str, Any]] = None,
    ) -> Dict[str, Any]:
        """See Flavor."""
        del parameters
        self.find(signature)
        given, named = self._names
        results = self._function([inputs[name] for name in given])
        return dict(zip(named, results))


def _path(spec: WorkerSpec) -> str:
    """The model's file, or the folder of its SavedModel."""
    try:
        return find_file(spec, ENDINGS)
    except FileNotFoundError as error:
        try:
            return find_folder(spec, "saved_model.pb")
        except FileNotFoundError:
            raise error from None


def _library() -> Tuple[Any, str]:
    """Keras as the environment has it, and what to call it."""
    try:
        import tensorflow as tf
    except ImportError:
        import keras

        return keras, f"Keras {keras.__version__}"
    library = tf.keras
    return library, f"Keras {library.__version__} on TensorFlow {tf.__version__}"


def _loaded(keras: Any, path: str) -> Any:
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:
        # A model of the Keras that was no part of TensorFlow may need that one.
        try:
            import keras as other
        except ImportError:
            raise error from None
        if other.__version__ == keras.__version__:
            raise
        return other.models.load_model(path, compile=False)


def _specs(model: Any, side: str) -> List[TensorSpec]:
    """The inputs or the outputs of a model.

    Args:
        model: Of Keras.
        side: `input` or `output`.
    """
    tensors = getattr(model, f"{side}s", None)
    if tensors is None:
        raise ValueError(
            f"the model does not know its {side}s: call or build it once before it is saved, or "
            "serve it with a score.py"
        )
    flat = list(tensors.values()) if isinstance(tensors, dict) else list(tensors)
    names = getattr(model, f"{side}_names", None) or [_name(each) for each in flat]
    return [_spec(name, each) for name, each in zip(names, flat)]


def _name(tensor: Any) -> str:
    """The name of the layer, since Keras 3 numbers its tensors as they come."""
    history = getattr(tensor, "_keras_history", None)
    made_by = getattr(history, "operation", None) or getattr(history, "layer", None) or tensor
    return str(made_by.name).partition(":")[0].partition("/")[0]


def _spec(name: str, tensor: Any) -> TensorSpec:
    shape = tensor.shape.as_list() if hasattr(tensor.shape, "as_list") else list(tensor.shape)
    dtype = getattr(tensor.dtype, "name", tensor.dtype)
    sizes = [-1 if size is None else int(size) for size in shape]
    return TensorSpec(name, DATATYPES.get(str(dtype), "FP32"), sizes)


def _function(keras: Any, model: Any) -> Function:
    """The model as a function of arrays: `predict` is ten times as slow for few rows."""
    if keras.__version__.startswith("2.") and not _is_eager():
        return _in_graph(keras, model)
    if hasattr(keras, "ops") and keras.backend.backend() != "tensorflow":
        return lambda arrays: [
            keras.ops.convert_to_numpy(each) for each in _flat(model(_packed(model, arrays)))
        ]
    import tensorflow as tf

    # Traced once for each shape; run eagerly each layer would cost a call of Python.
    compiled = tf.function(lambda arrays: model(arrays, training=False))

    def call(arrays: List[Any]) -> List[Any]:
        tensors = [tf.convert_to_tensor(each) for each in arrays]
        return [each.numpy() for each in _flat(compiled(_packed(model, tensors)))]

    return call


def _is_eager() -> bool:
    import tensorflow as tf

    return bool(tf.executing_eagerly())


def _in_graph(keras: Any, model: Any) -> Function:
    """TensorFlow 1, whose graph and session belong to the thread that has loaded the model."""
    session = keras.backend.get_session()
    graph = session.graph

    def call(arrays: List[Any]) -> List[Any]:
        with graph.as_default(), session.as_default():
            return _flat(model.predict_on_batch(_packed(model, arrays)))

    return call


def _packed(model: Any, arrays: List[Any]) -> Any:
    """What a model is called with: one array, or as many as it has inputs."""
    if isinstance(model.inputs, dict):
        return dict(zip(model.inputs, arrays))
    return arrays if len(arrays) > 1 else arrays[0]


def _flat(result: Any) -> List[Any]:
    if isinstance(result, dict):
        return list(result.values())
    return list(result) if isinstance(result, (list, tuple)) else [result]
