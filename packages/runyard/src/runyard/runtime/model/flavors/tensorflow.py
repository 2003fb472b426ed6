"""TensorFlow: SavedModels, of 1.x and of 2.x, by their signatures."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional

from runyard.runtime.model.flavors.arrays import SIGNATURE, ArrayFlavor, find_folder
from runyard.runtime.model.served import Signature, TensorSpec

if TYPE_CHECKING:
    from runyard.protocol.serving import WorkerSpec

DEFAULT = "serving_default"
SERVE = "serve"
# What TensorFlow puts into each SavedModel for itself.
_OWN = ("__saved_model_init_op", "__saved_model_train_op")
DATATYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "bfloat16": "BF16",
    "string": "BYTES",
}
Function = Callable[[Dict[str, Any]], Dict[str, Any]]


class Model(ArrayFlavor):
    """A SavedModel."""

    platform = "tensorflow_savedmodel"

    def __init__(self) -> None:
        super().__init__()
        self._functions: Dict[str, Function] = {}

    def load(self, spec: WorkerSpec) -> Dict[str, Signature]:
        """See Flavor."""
        path = find_folder(spec, "saved_model.pb")
        import tensorflow as tf

        self.framework = f"TensorFlow {tf.__version__}"
        # Of TensorFlow 1, or of 2 where it behaves as 1.
        if hasattr(tf, "Session"):
            self._load_graph(tf, path)
        else:
            self._load_functions(tf, path)
        if not self.signatures:
            raise ValueError(
                "the SavedModel has no signature: save it with signatures=…, or serve it with a "
                "score.py"
            )
        wanted = str(spec.options.get(SIGNATURE, ""))
        first = DEFAULT if DEFAULT in self.signatures else next(iter(self.signatures))
        self.default = self.find(wanted) and wanted if wanted else first
        self.batched = all(
            each.shape is None or each.shape[:1] == [-1]
            for signature in self.signatures.values()
            for each in (*signature.inputs, *signature.outputs)
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
        return self._functions[signature or self.default](inputs)

    def _load_functions(self, tensorflow: Any, path: str) -> None:
        """TensorFlow 2: each signature is a function."""
        loaded = tensorflow.saved_model.load(path)
        # The functions hold what they need of it weakly.
        self._loaded = loaded
        methods = _methods(path)
        for name, function in loaded.signatures.items():
            given = function.structured_input_signature[1]
            self.signatures[name] = Signature(
                [_spec(key, each.dtype.name, each.shape) for key, each in sorted(given.items())],
                [
                    _spec(key, each.dtype.name, each.shape)
                    for key, each in sorted(function.structured_outputs.items())
                ],
                methods.get(name, Signature([], []).method),
            )
            self._functions[name] = _eager(tensorflow, function, given)

    def _load_graph(self, tensorflow: Any, path: str) -> None:
        """TensorFlow 1: a session with the graph, and a callable for each signature."""
        session = tensorflow.Session(graph=tensorflow.Graph())
        self._loaded = session
        with session.graph.as_default():
            meta = tensorflow.saved_model.loader.load(session, [SERVE], path)
        for name, given in sorted(meta.signature_def.items()):
            if name in _OWN:
                continue
            self.signatures[name] = Signature(
                _infos(tensorflow, given.inputs),
                _infos(tensorflow, given.outputs),
                given.method_name,
            )
            self._functions[name] = _in_session(session, given)


def _eager(tensorflow: Any, function: Any, given: Dict[str, Any]) -> Function:
    def call(inputs: Dict[str, Any]) -> Dict[str, Any]:
        tensors = {
            name: tensorflow.constant(value, dtype=given[name].dtype)
            for name, value in inputs.items()
        }
        return {name: value.numpy() for name, value in function(**tensors).items()}

    return call


def _in_session(session: Any, given: Any) -> Function:
    names = sorted(given.inputs)
    tensors = [given.inputs[name].name for name in names]
    fetches = {name: each.name for name, each in given.outputs.items()}
    local = threading.local()

    def call(inputs: Dict[str, Any]) -> Dict[str, Any]:
        # Making one costs as much as twenty calls; those of one thread are no other's.
        if not hasattr(local, "run"):
            graph = session.graph
            by_name = {key: graph.get_tensor_by_name(name) for key, name in fetches.items()}
            feeds = [graph.get_tensor_by_name(name) for name in tensors]
            local.run = session.make_callable(by_name, feed_list=feeds)
        found: Dict[str, Any] = local.run(*[inputs[name] for name in names])
        return found

    return call


def _infos(tensorflow: Any, given: Any) -> List[TensorSpec]:
    return [
        _spec(
            name,
            tensorflow.as_dtype(each.dtype).name,
            None if each.tensor_shape.unknown_rank else [d.size for d in each.tensor_shape.dim],
        )
        for name, each in sorted(given.items())
    ]


def _spec(name: str, dtype: str, shape: Any) -> TensorSpec:
    rank = shape.rank if hasattr(shape, "rank") else 0
    sizes = None if shape is None or rank is None else shape
    if sizes is not None:
        sizes = [-1 if size is None else int(size) for size in _sizes(sizes)]
    return TensorSpec(name, DATATYPES.get(dtype.replace("_ref", ""), "BYTES"), sizes)


def _sizes(shape: Any) -> List[Any]:
    return list(shape.as_list()) if hasattr(shape, "as_list") else list(shape)


def _methods(path: str) -> Dict[str, str]:
    """What each signature of a SavedModel is for; `load` of TensorFlow 2 does not tell it."""
    from tensorflow.core.protobuf import saved_model_pb2

    with open(f"{path}/saved_model.pb", "rb") as stream:
        read = saved_model_pb2.SavedModel.FromString(stream.read())
    return {
        name: given.method_name
        for graph in read.meta_graphs
        for name, given in graph.signature_def.items()
        if given.method_name
    }
