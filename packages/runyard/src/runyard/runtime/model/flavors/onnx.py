"""ONNX, by onnxruntime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.runtime.model.flavors.arrays import ArrayFlavor, find_file
from runyard.runtime.model.served import Signature, TensorSpec

if TYPE_CHECKING:
    from runyard.protocol.serving import WorkerSpec

DEFAULT = "serving_default"
_DATATYPES = {
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
    "float": "FP32",
    "double": "FP64",
    "string": "BYTES",
}


class Model(ArrayFlavor):
    """An ONNX model."""

    platform = "onnx_onnxv1"
    default = DEFAULT

    def load(self, spec: WorkerSpec) -> Dict[str, Signature]:
        """See Flavor."""
        path = find_file(spec, [".onnx", ".ort"])
        import onnxruntime

        providers = list(getattr(onnxruntime, "get_available_providers", list)())
        # Since 1.9 a build for GPUs makes no session without being told which.
        named = {"providers": providers} if providers else {}
        self._session = onnxruntime.InferenceSession(path, **named)
        self.framework = f"onnxruntime {onnxruntime.__version__}"
        inputs = [_spec(each) for each in self._session.get_inputs()]
        outputs = [_spec(each) for each in self._session.get_outputs()]
        self._outputs = [each.name for each in outputs]
        self.signatures = {DEFAULT: Signature(inputs, outputs)}
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
        results = self._session.run(None, inputs)
        return {name: _array(result) for name, result in zip(self._outputs, results)}


def _spec(given: Any) -> TensorSpec:
    kind = str(given.type)
    inner = kind[len("tensor(") : -1] if kind.startswith("tensor(") else ""
    if not inner:
        # A sequence of maps, as of a classifier's probabilities: a row for each, see `_array`.
        return TensorSpec(given.name, "FP32", [-1, -1])
    shape = [size if isinstance(size, int) else -1 for size in given.shape]
    return TensorSpec(given.name, _DATATYPES.get(inner, "BYTES"), shape)


def _array(result: Any) -> Any:
    """A result as an array; of a list of maps a row for each, in the order of the first's keys."""
    if not isinstance(result, list) or not result or not isinstance(result[0], dict):
        return result
    import numpy as np

    keys: List[Any] = list(result[0])
    return np.array([[row[key] for key in keys] for row in result])
