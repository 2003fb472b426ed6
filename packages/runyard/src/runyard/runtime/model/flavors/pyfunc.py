"""Folders of MLflow: by `mlflow.pyfunc` where the environment has it, else by their flavor.

Inputs are the columns or the tensors of the model's MLflow signature. A model without one takes a
data frame of the columns that are sent, or the rows.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.protocol.endpoints import KERAS, MLFLOW, ONNX, SKLEARN, TENSORFLOW, TORCH
from runyard.protocol.frames import Call
from runyard.protocol.serving import ServedModel, WorkerSpec
from runyard.runtime.model import protocols
from runyard.runtime.model.flavors import keras, mlmodel, onnx, sklearn, tensorflow, torch
from runyard.runtime.model.flavors.arrays import DATA, ArrayFlavor, ScoreRequest, find_folder
from runyard.runtime.model.served import ONLY_OUTPUT, Flavor, Refused, Signature, TensorSpec

if TYPE_CHECKING:
    from runyard.runtime.model.protocols.binding import Request

DEFAULT = "serving_default"
INPUT_DATA = "input_data"
# Of MLflow's types of columns.
_DATATYPES = {
    "boolean": "BOOL",
    "integer": "INT32",
    "long": "INT64",
    "float": "FP32",
    "double": "FP64",
    "string": "BYTES",
    "binary": "BYTES",
}
# A flavor of MLflow, the entry that has its file, and what serves that.
_OTHERS = (
    ("sklearn", "pickled_model", SKLEARN),
    ("onnx", "data", ONNX),
    ("keras", "data", KERAS),
    ("tensorflow", "saved_model_dir", TENSORFLOW),
    ("pytorch", "model_data", TORCH),
)
_MODELS = {KERAS: keras, ONNX: onnx, SKLEARN: sklearn, TENSORFLOW: tensorflow, TORCH: torch}


class Model(ArrayFlavor):
    """A model of MLflow."""

    platform = "mlflow"
    default = DEFAULT

    def __init__(self) -> None:
        super().__init__()
        self._other: Optional[Flavor] = None
        self._model: Any = None
        # What is caught of MLflow, once that is imported; of an empty tuple nothing is.
        self._refusal: Any = ()
        self._by_column = False

    def load(self, spec: WorkerSpec) -> Dict[str, Signature]:
        """See Flavor."""
        folder = find_folder(spec, mlmodel.MLMODEL)
        try:
            import mlflow.pyfunc
        except ImportError:
            return self._load_other(spec, folder)
        self._refusal = mlflow.exceptions.MlflowException
        self._model = mlflow.pyfunc.load_model(folder)
        self.framework = f"MLflow {mlflow.__version__}"
        self.signatures = {DEFAULT: self._signature()}
        return self.signatures

    def _load_other(self, spec: WorkerSpec, folder: str) -> Dict[str, Signature]:
        """Without MLflow: load the file of the framework."""
        described = mlmodel.read(os.path.join(folder, mlmodel.MLMODEL)).get("flavors", {})
        for name, entry, flavor in _OTHERS:
            file = described[name].get(entry) if isinstance(described.get(name), dict) else None
            # A format of its own, which MLflow's environment can read.
            if file and not file.endswith(".skops"):
                inner = _inner(spec, os.path.join(folder, file), flavor)
                found: Flavor = _MODELS[flavor].Model()
                self.signatures = found.load(inner)
                self._other, self.default = found, found.default
                self.batched = found.batched
                self.framework = f"{found.framework} from an MLflow folder"
                return self.signatures
        raise ImportError(
            f"mlflow is not in the environment, and of the model's flavors "
            f"({', '.join(described) or 'none'}) none can be served without; add mlflow to it"
        )

    def read_data(self, given: Dict[str, Any]) -> Request:
        """See ArrayFlavor."""
        if isinstance(self._other, ArrayFlavor):
            found = self._other.read_data(given)
            # MLflow's answers are bare, whatever the framework's own are.
            return ScoreRequest(found.inputs, found.signature, found.parameters, found.rows)
        data = given.get(DATA, given.get(INPUT_DATA))
        asked = self._form(given if data is None else data)
        if "params" in given:
            asked["params"] = given["params"]
        body = json.dumps(asked).encode("ascii")
        request = protocols.read(
            Call(MLFLOW, "invocations", headers={"content-type": "application/json"}), body, self
        )
        return ScoreRequest(request.inputs, DEFAULT, request.parameters, request.rows)

    def _form(self, data: Any) -> Dict[str, Any]:
        """What MLflow would be sent."""
        if isinstance(data, dict):
            split = "columns" in data and "data" in data
            return {"dataframe_split": data} if split else {"inputs": data}
        if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
            return {"dataframe_records": data}
        names = [each.name for each in self.signatures[DEFAULT].inputs]
        if self._by_column and names:
            return {"dataframe_split": {"columns": names, "data": data}}
        return {"inputs": data}

    def call(
        self,
        inputs: Dict[str, Any],
        signature: str = "",
        parameters: Optional[Dict[str, Any]] = None,
    ) -> Dict[str, Any]:
        """See Flavor."""
        if self._other is not None:
            return self._other.call(inputs, signature, parameters)
        self.find(signature)
        given = {"params": parameters} if parameters else {}
        try:
            result = self._model.predict(self._input(inputs), **given)
        except self._refusal as error:
            raise Refused(str(error)) from None
        if isinstance(result, dict):
            return result
        return {ONLY_OUTPUT: result}

    def _input(self, inputs: Dict[str, Any]) -> Any:
        if list(inputs) == [DATA] and not self._by_column:
            return inputs[DATA]
        wide = any(getattr(each, "ndim", 1) > 1 for each in inputs.values())
        # Without a signature tensors by name stay what they are, as MLflow's server has it.
        if self._by_column or not (wide or self.signatures[DEFAULT].inputs):
            import pandas as pd

            return pd.DataFrame({name: _column(each) for name, each in inputs.items()})
        return inputs

    def _signature(self) -> Signature:
        schema = self._model.metadata.get_input_schema()
        outputs = [TensorSpec(ONLY_OUTPUT, "", None)]
        if schema is None:
            return Signature([], outputs)
        self._by_column = not schema.is_tensor_spec()
        return Signature([self._spec(each) for each in schema.inputs], outputs)

    def _spec(self, given: Any) -> TensorSpec:
        if self._by_column:
            kind = getattr(given.type, "name", str(given.type))
            return TensorSpec(str(given.name), _DATATYPES.get(kind, ""), None)
        datatype = tensorflow.DATATYPES.get(str(given.type), "BYTES")
        return TensorSpec(given.name or DATA, datatype, list(given.shape))


def _column(array: Any) -> Any:
    """A column; another protocol may send it as rows of one value."""
    array = array.reshape(-1) if getattr(array, "ndim", 1) > 1 and array.shape[1] == 1 else array
    values: List[Any] = list(array) if getattr(array, "ndim", 1) > 1 else array
    return values


def _inner(spec: WorkerSpec, path: str, flavor: str) -> WorkerSpec:
    model = spec.models[0]
    inner = ServedModel(model.name, model.version, path, model.framework, model.framework_version)
    return WorkerSpec(
        spec.endpoint,
        spec.deployment,
        spec.revision,
        flavor,
        models=[inner],
        options=spec.options,
    )
