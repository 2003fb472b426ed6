"""The protocols beside `/score`: their requests become calls of a flavor, its outputs answers.

    tf_serving       TensorFlow Serving's REST interface, and KServe's first protocol
    open_inference   the Open Inference Protocol with binary tensors
    mlflow           MLflow's /invocations
    rows, examples   forms that the first and the last share; TensorFlow's Example
    binding          names of inputs and outputs: those of the request, those of the flavor
    tensors, arrays  datatypes, JSON and bytes, with lists and with numpy

`answer` does it all; a worker that gathers calls uses `read`, the flavor, and `Request.write`.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING

from runyard.protocol.endpoints import MLFLOW, OPEN_INFERENCE, TF_SERVING
from runyard.runtime.model.bodies import decompressed
from runyard.runtime.model.served import FAILED, Flavor, Refused, Reply

if TYPE_CHECKING:
    from runyard.protocol.frames import Call
    from runyard.runtime.model.protocols.binding import Request

__all__ = ["answer", "failure", "read", "refusal"]

_MODULES = {TF_SERVING: "tf_serving", OPEN_INFERENCE: "open_inference", MLFLOW: "mlflow"}
_ERROR_CODES = {FAILED: "INTERNAL_ERROR"}
_JSON = {"content-type": "application/json"}
_NOT_HERE = 501


def answer(call: Call, body: bytes, flavor: Flavor) -> Reply:
    """Answer a request of one of the protocols; what the model raises goes through.

    Args:
        call: What the gateway tells of it.
        body: Its body.
        flavor: The model.
    """
    try:
        request = read(call, body, flavor)
        outputs = flavor.call(request.inputs, request.signature, request.parameters)
        return request.write(outputs)
    except Refused as refused:
        return refusal(call, refused)


def read(call: Call, body: bytes, flavor: Flavor) -> Request:
    """Make a request into inputs of the flavor.

    Args:
        call: What the gateway tells of it.
        body: Its body.
        flavor: The model.

    Raises:
        Refused: It is not what its protocol says, or does not fit the model.
    """
    module = import_module(f"{__name__}.{_MODULES[call.protocol]}")
    request: Request = module.read(call, decompressed(call, body), flavor)
    return request


def refusal(call: Call, refused: Refused) -> Reply:
    """A refusal in the form of the protocol.

    Args:
        call: That it answers.
        refused: What is wrong.
    """
    reply = _error(call, refused.status, refused.message)
    # What a script says of itself; 501 is ours, of what a protocol has and nobody here does.
    reply.failed = refused.status >= FAILED and refused.status != _NOT_HERE
    return reply


def failure(call: Call, error: BaseException) -> Reply:
    """The answer where a model has raised, in the form of the protocol.

    Args:
        call: That it answers.
        error: What was raised; told only where the caller may know.
    """
    text = f"{type(error).__name__}: {error}" if call.explain else "the model has failed"
    reply = _error(call, FAILED, text)
    reply.failed = True
    return reply


def _error(call: Call, status: int, text: str) -> Reply:
    said = {"error": text}
    if call.protocol == MLFLOW:
        said = {"error_code": _ERROR_CODES.get(status, "BAD_REQUEST"), "message": text}
    return Reply(json.dumps(said).encode("ascii"), status, dict(_JSON))
