"""What flavors have in common that take arrays: `/score`, and where a model's file is.

`/score` takes what TensorFlow Serving and the Open Inference Protocol take, and
`{"data": rows}` or `{"<input>": rows, ...}`, whose answer is the bare result.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.protocol.endpoints import MLFLOW, OPEN_INFERENCE, TF_SERVING
from runyard.protocol.frames import Call
from runyard.runtime.model import answers, protocols
from runyard.runtime.model.protocols import binding
from runyard.runtime.model.served import Flavor, Refused, Reply

if TYPE_CHECKING:
    from runyard.protocol.serving import WorkerSpec

DATA, SIGNATURE, METHOD = "data", "signature", "method"
# What may stand beside the inputs of a request to `/score`.
PARAMETERS = "parameters"
_DEEPEST = 6
_SHOWN = 8


class ScoreRequest(binding.Request):
    """A request to `/score`, whose answer is the result alone."""

    def write(self, outputs: Dict[str, Any]) -> Reply:
        """Write the only output, or an object of all."""
        given = binding.plain(outputs)
        result = next(iter(given.values())) if len(given) == 1 else given
        return Reply(json.dumps(result).encode("ascii"), rows=self.rows)


class ArrayFlavor(Flavor):
    """A flavor whose `call` takes and gives arrays by name."""

    def score(self, call: Call, body: bytes) -> Reply:
        """See Flavor."""
        try:
            request = self.read(call, body)
            outputs = self.call(request.inputs, request.signature, request.parameters)
            return request.write(outputs)
        except Refused as refused:
            return answers.refusal(refused)

    def read(self, call: Call, body: bytes) -> binding.Request:
        """Make a request to `/score` into inputs.

        Args:
            call: What the gateway tells of it.
            body: Its body.

        Raises:
            Refused: It does not fit.
        """
        found = answers.query(call.path) if call.method == "GET" else binding.document(body)
        if not isinstance(found, dict):
            return self.read_data({DATA: found})
        protocol = _protocol(found)
        if protocol is None:
            return self.read_data(found)
        verb = "predict" if protocol == TF_SERVING else "infer"
        headers = {**call.headers, "content-type": "application/json"}
        return protocols.read(Call(protocol, verb, headers=headers), body, self)

    def read_data(self, given: Dict[str, Any]) -> binding.Request:
        """Make `{"data": rows}` or rows by name into inputs.

        Args:
            given: The request's object.

        Raises:
            Refused: It does not fit.
        """
        rest = dict(given)
        parameters = rest.pop(PARAMETERS, None) or {}
        signature = str(rest.pop("signature_name", ""))
        aimed = binding.target(self, signature)
        if DATA in rest and DATA not in aimed.names():
            data = rest.pop(DATA)
            rest = data if isinstance(data, dict) else {aimed.only_name(): data}
        inputs = aimed.values(rest)
        rows = binding.row_count(list(inputs.values()))
        return ScoreRequest(inputs, signature, parameters, rows)


def _protocol(found: Dict[str, Any]) -> Optional[str]:
    """Whose form a request has, None for `/score`'s own."""
    inputs = found.get("inputs")
    if isinstance(inputs, list) and inputs and all(_is_tensor(each) for each in inputs):
        return OPEN_INFERENCE
    if "dataframe_split" in found or "dataframe_records" in found:
        return MLFLOW
    return TF_SERVING if "instances" in found or "inputs" in found else None


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and "datatype" in value and "shape" in value


def folder(spec: WorkerSpec) -> str:
    """The folder of the one model.

    Raises:
        ValueError: There are several, or none.
    """
    if len(spec.models) != 1:
        names = ", ".join(f"{each.name}:{each.version}" for each in spec.models) or "none"
        raise ValueError(f"the flavor {spec.flavor} serves exactly one model; given are: {names}")
    return spec.models[0].path


def find_file(spec: WorkerSpec, endings: List[str]) -> str:
    """The model's file.

    Args:
        spec: What is served.
        endings: Of the names that it may have, the likeliest first; a folder with one file of any
            name is taken as well.

    Raises:
        FileNotFoundError: There is none, or it is not clear which.
    """
    files = _files(folder(spec))
    for ending in endings:
        found = [path for path in files if path.lower().endswith(ending)]
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise FileNotFoundError(_unclear(spec, found))
    if len(files) == 1:
        return files[0]
    raise FileNotFoundError(_missing(spec, files, f"no file that ends in {' or '.join(endings)}"))


def find_folder(spec: WorkerSpec, mark: str) -> str:
    """The folder of the model that has a file of some name.

    Where folders are called 1, 2, … as TensorFlow Serving has its versions, it is the newest.

    Args:
        spec: What is served.
        mark: The file's name.

    Raises:
        FileNotFoundError: There is none, or it is not clear which.
    """
    files = _files(folder(spec))
    marked = [os.path.dirname(path) for path in files if os.path.basename(path) == mark]
    # One within another belongs to it: a pyfunc model has whole MLflow folders as artifacts.
    found = [path for path in marked if not any(path.startswith(top + os.sep) for top in marked)]
    if not found:
        raise FileNotFoundError(_missing(spec, files, f"no {mark}"))
    names = [os.path.basename(path) for path in found]
    if len(found) > 1 and not all(name.isdigit() for name in names):
        raise FileNotFoundError(_unclear(spec, found))
    return max(found, key=lambda path: int(os.path.basename(path))) if len(found) > 1 else found[0]


def _files(top: str) -> List[str]:
    found = [top] if os.path.isfile(top) else []
    for place, folders, names in os.walk(top):
        if place[len(top) :].count(os.sep) >= _DEEPEST:
            folders.clear()
        # Hidden ones are left by file managers and editors, and are of no model.
        found += [os.path.join(place, name) for name in names if not name.startswith(".")]
    return sorted(found)


def _missing(spec: WorkerSpec, files: List[str], lack: str) -> str:
    top = folder(spec)
    there = ", ".join(os.path.relpath(path, top) for path in files[:_SHOWN]) or "nothing"
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    model = spec.models[0]
    return (
        f"the model {model.name}:{model.version} has {lack}, which the flavor {spec.flavor} needs; "
        f"it has: {there}{more}"
    )


def _unclear(spec: WorkerSpec, found: List[str]) -> str:
    top = folder(spec)
    names = ", ".join(os.path.relpath(path, top) for path in found)
    return f"which one to serve is not clear: {names}; register the one alone"
