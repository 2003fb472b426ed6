"""scikit-learn: a pickled estimator or pipeline.

`/score` takes `{"data": rows, "method": "predict"}`; rows are lists, or objects by column. The
answer is `{"predict": [...]}`, as v1's own container for such models had it.
"""

from __future__ import annotations

import contextlib
import json
import pickle
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional

from runyard.runtime.model.flavors.arrays import (
    DATA,
    METHOD,
    ArrayFlavor,
    ScoreRequest,
    find_file,
)
from runyard.runtime.model.protocols import binding
from runyard.runtime.model.served import ONLY_OUTPUT, Refused, Reply, Signature, TensorSpec

if TYPE_CHECKING:
    from runyard.protocol.serving import WorkerSpec
    from runyard.runtime.model.protocols.binding import Request

DEFAULT = "serving_default"
ENDINGS = [".joblib", ".pkl", ".pickle", ".sav", ".model"]
METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "score_samples",
    "kneighbors",
    "apply",
)


class MethodRequest(ScoreRequest):
    """A request to `/score`, whose answer names the method."""

    def write(self, outputs: Dict[str, Any]) -> Reply:
        """Write the result under the method's name."""
        given = {str(self.parameters[METHOD]): binding.plain(outputs[ONLY_OUTPUT])}
        return Reply(json.dumps(given).encode("ascii"), rows=self.rows)


class Model(ArrayFlavor):
    """An estimator."""

    platform = "sklearn_joblib"
    default = DEFAULT

    def load(self, spec: WorkerSpec) -> Dict[str, Signature]:
        """See Flavor."""
        path = find_file(spec, ENDINGS)
        import sklearn

        self._model = _unpickled(path)
        self._method = str(spec.options.get(METHOD, METHODS[0]))
        self._allowed = [name for name in METHODS if hasattr(self._model, name)]
        if self._method not in self._allowed:
            raise ValueError(
                f"the model is a {type(self._model).__name__} and has no {self._method}(); "
                f"it has: {', '.join(self._allowed) or 'nothing that can be called'}"
            )
        self._columns = _columns(self._model)
        self._width = getattr(self._model, "n_features_in_", None)
        self.framework = f"scikit-learn {sklearn.__version__}"
        self.signatures = {DEFAULT: _signature(self._model, self._columns)}
        return self.signatures

    def read_data(self, given: Dict[str, Any]) -> Request:
        """See ArrayFlavor."""
        if DATA not in given:
            raise Refused(f'send {{"data": rows, "method": one of {", ".join(self._allowed)}}}')
        parameters = {METHOD: given[METHOD]} if METHOD in given else {}
        rows = given[DATA]
        return MethodRequest(
            {DATA: rows}, DEFAULT, {METHOD: self._method, **parameters}, _count(rows)
        )

    def call(
        self,
        inputs: Dict[str, Any],
        signature: str = "",
        parameters: Optional[Dict[str, Any]] = None,
    ) -> Dict[str, Any]:
        """See Flavor: one input `data`, or one for each column."""
        self.find(signature)
        method = str((parameters or {}).get(METHOD, self._method))
        if method not in self._allowed:
            raise Refused(f"the model has no method {method!r}; it has: {', '.join(self._allowed)}")
        table = self._table(inputs)
        try:
            return {ONLY_OUTPUT: getattr(self._model, method)(table)}
        except ValueError as error:
            # What scikit-learn says of data that it does not take.
            raise Refused(str(error)) from None

    def _table(self, inputs: Dict[str, Any]) -> Any:
        """What the estimator takes: an array, or a data frame where it knows its columns."""
        if list(inputs) != [DATA]:
            return _frame({name: _flat(column) for name, column in inputs.items()}, self._columns)
        rows = inputs[DATA]
        if isinstance(rows, dict):
            split = set(rows) >= {"columns", "data"}
            return _frame(rows["data"], rows["columns"]) if split else _frame(rows, self._columns)
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            return _frame(rows, self._columns)
        if self._columns:
            return _frame(rows, self._columns)
        return self._array(rows)

    def _array(self, rows: Any) -> Any:
        import numpy as np

        try:
            array = np.asarray(rows)
        except ValueError as error:
            raise Refused(f"the rows differ in length: {error}") from None
        if self._width is not None and array.shape[1:] != (self._width,):
            raise Refused(
                f"the data have the shape {list(array.shape)}, the model takes rows of "
                f"{self._width} values"
            )
        return array


def _unpickled(path: str) -> Any:
    """What joblib or pickle has written."""
    for load in _loaders():
        with contextlib.suppress(ValueError, KeyError, IndexError, pickle.UnpicklingError):
            return load(path)
    with open(path, "rb") as stream:
        return pickle.load(stream)  # noqa: S301 - a registered model is trusted code


def _loaders() -> Iterator[Callable[[str], Any]]:
    """joblib, and scikit-learn's own of until 2019: neither knows the arrays of the other."""
    with contextlib.suppress(ImportError):
        import joblib

        yield joblib.load
    with contextlib.suppress(ImportError):
        from sklearn.externals import joblib as bundled

        yield bundled.load


def _columns(model: Any) -> Optional[List[str]]:
    """The columns of the data frame that the model was fitted with."""
    found = getattr(model, "feature_names_in_", None)
    return [str(each) for each in found] if found is not None else None


def _signature(model: Any, columns: Optional[List[str]]) -> Signature:
    outputs = [TensorSpec(ONLY_OUTPUT, _datatype(model), None)]
    if columns:
        return Signature([TensorSpec(name, "", None) for name in columns], outputs)
    width = getattr(model, "n_features_in_", None)
    if width is None:
        return Signature([TensorSpec(DATA, "", None)], outputs)
    return Signature([TensorSpec(DATA, "FP64", [-1, int(width)])], outputs)


def _datatype(model: Any) -> str:
    """The datatype of what a model predicts: of classes theirs, else numbers."""
    classes = getattr(model, "classes_", None)
    kind = getattr(getattr(classes, "dtype", None), "kind", "f")
    return {"i": "INT64", "u": "INT64", "b": "BOOL", "f": "FP64"}.get(kind, "BYTES")


def _frame(rows: Any, columns: Optional[List[str]]) -> Any:
    import pandas as pd

    try:
        return pd.DataFrame(rows, columns=columns)
    except (ValueError, TypeError) as error:
        wanted = f"; the model's columns are: {', '.join(columns)}" if columns else ""
        raise Refused(f"the data make no table: {error}{wanted}") from None


def _flat(column: Any) -> Any:
    """A column as one axis; other protocols may send it as rows of one value."""
    return column.reshape(-1) if getattr(column, "ndim", 1) > 1 else column


def _count(rows: Any) -> int:
    return len(rows) if isinstance(rows, list) else 0
