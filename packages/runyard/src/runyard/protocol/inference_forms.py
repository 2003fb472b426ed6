"""What is answered without asking a model, in each protocol's form: health, metadata, errors.

Both that answer for models use them: the gateway, and a packed model by itself. Pure: each takes
what is known and makes an object for JSON. The Open Inference Protocol's health has JSON bodies
though its text allows empty ones, since kserve's client reads them.
"""

from typing import Any, Callable, Dict, List, Optional, Tuple

from runyard.protocol import inference_paths as paths
from runyard.protocol.endpoints import MLFLOW, OPEN_INFERENCE, TF_SERVING
from runyard.protocol.inference_paths import Destination
from runyard.protocol.records import dataclass

Json = Dict[str, Any]
# What is answered, and the HTTP status.
Told = Tuple[Any, int]

SERVER_NAME = "runyard"
# Of the Open Inference Protocol; the names are Triton's, whose clients look for them.
EXTENSIONS = ("binary_tensor_data", "model_configuration", "model_repository", "statistics")
# A version of MLflow whose answers /invocations gives; its tools compare it.
MLFLOW_ANSWERS = "3.17.2"
DEFAULT_SIGNATURE = "serving_default"
UNKNOWN_RANK = "unknown_rank"

# Datatype of the protocol: TensorFlow's, and that of Triton's model configuration.
_TYPES = {
    "BOOL": ("DT_BOOL", "TYPE_BOOL"),
    "UINT8": ("DT_UINT8", "TYPE_UINT8"),
    "UINT16": ("DT_UINT16", "TYPE_UINT16"),
    "UINT32": ("DT_UINT32", "TYPE_UINT32"),
    "UINT64": ("DT_UINT64", "TYPE_UINT64"),
    "INT8": ("DT_INT8", "TYPE_INT8"),
    "INT16": ("DT_INT16", "TYPE_INT16"),
    "INT32": ("DT_INT32", "TYPE_INT32"),
    "INT64": ("DT_INT64", "TYPE_INT64"),
    "FP16": ("DT_HALF", "TYPE_FP16"),
    "BF16": ("DT_BFLOAT16", "TYPE_BF16"),
    "FP32": ("DT_FLOAT", "TYPE_FP32"),
    "FP64": ("DT_DOUBLE", "TYPE_FP64"),
    "BYTES": ("DT_STRING", "TYPE_STRING"),
}
_PREDICT = "tensorflow/serving/predict"
_OK, _BAD, _UNAVAILABLE, _NOT_FOUND, _NOT_HERE = 200, 400, 503, 404, 501
_UNNAMED = "INTERNAL_ERROR"
# What MLflow calls a status.
_ERROR_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    404: "ENDPOINT_NOT_FOUND",
    405: "BAD_REQUEST",
    413: "BAD_REQUEST",
    431: "BAD_REQUEST",
    503: "TEMPORARILY_UNAVAILABLE",
}


@dataclass(frozen=True)
class Served:
    """One deployment's model, as the protocols name it.

    Args:
        model: Its name.
        version: Its version.
        ready: Whether a replica can answer now.
        reason: Why not.
        platform: `Ready.platform`.
        signatures: `Ready.signatures`.
        requests: Calls that were answered.
        failures: Calls that failed.
        run_us: The sum of what those calls' `run` took, in microseconds.
        last_request: Seconds since 1970, 0 for never.
    """

    model: str
    version: str = "1"
    ready: bool = True
    reason: str = ""
    platform: str = ""
    signatures: Optional[Json] = None
    requests: int = 0
    failures: int = 0
    run_us: int = 0
    last_request: float = 0.0


def error(protocol: str, text: str, code: str = "BAD_REQUEST") -> Json:
    """A refusal in the protocol's form.

    Args:
        protocol: Of the path that was asked; `score` for all others.
        text: What happened, and what to do.
        code: MLflow's `error_code`.
    """
    if protocol in (TF_SERVING, OPEN_INFERENCE):
        return {"error": text}
    if protocol == MLFLOW:
        return {"error_code": code, "message": text}
    return {"message": text}


def refusal(protocol: str, status: int, text: str) -> Json:
    """A refusal of some HTTP status in the protocol's form.

    Args:
        protocol: Of the path that was asked; `score` for all others.
        status: The HTTP status.
        text: What happened, and what to do.
    """
    return error(protocol, text, _ERROR_CODES.get(status, _UNNAMED))


def tf_models(served: List[Served]) -> Json:
    """`GET /v1/models`, as KServe's first protocol has it."""
    return {"models": sorted({each.model for each in served})}


def tf_status(served: List[Served]) -> Json:
    """`GET /v1/models/<m>`: the state of each version of a model.

    `name` and `ready` are what KServe's first protocol has in their place.
    """
    return {
        "model_version_status": [_tf_version(each) for each in served],
        "name": served[0].model,
        "ready": any(each.ready for each in served),
    }


def _tf_version(each: Served) -> Json:
    status = {"error_code": "OK", "error_message": ""}
    if not each.ready:
        status = {"error_code": "UNAVAILABLE", "error_message": each.reason}
    state = "AVAILABLE" if each.ready else "LOADING"
    return {"version": each.version, "state": state, "status": status}


def tf_metadata(served: Served) -> Json:
    """`GET /v1/models/<m>/metadata`: the signatures as TensorFlow's `SignatureDef` in JSON."""
    definitions = {
        name: {
            "inputs": {each["name"]: _tf_tensor(each) for each in signature.get("inputs", ())},
            "outputs": {each["name"]: _tf_tensor(each) for each in signature.get("outputs", ())},
            "method_name": signature.get("method") or _PREDICT,
            "defaults": {},
        }
        for name, signature in (served.signatures or {}).items()
    }
    return {
        "model_spec": {"name": served.model, "signature_name": "", "version": served.version},
        "metadata": {
            "signature_def": {
                "@type": "type.googleapis.com/tensorflow.serving.SignatureDefMap",
                "signature_def": definitions,
            }
        },
    }


def _tf_tensor(tensor: Json) -> Json:
    unknown = bool(tensor.get(UNKNOWN_RANK))
    sizes = () if unknown else tensor.get("shape", ())
    dims = [{"size": str(size), "name": ""} for size in sizes]
    datatype = _TYPES.get(tensor.get("datatype", ""), ("DT_INVALID",))[0]
    shape = {"dim": dims, "unknown_rank": unknown}
    return {"dtype": datatype, "tensor_shape": shape, "name": tensor["name"]}


def server(version: str) -> Json:
    """`GET /v2`; `version` is Runyard's."""
    return {"name": SERVER_NAME, "version": version, "extensions": list(EXTENSIONS)}


def live() -> Json:
    """`GET /v2/health/live`, always with 200."""
    return {"live": True}


def server_ready(*, ready: bool) -> Json:
    """`GET /v2/health/ready`, with 200 when every deployment is ready, else 503."""
    return {"ready": ready}


def model_ready(served: Served) -> Json:
    """`GET /v2/models/<m>/ready`, with 200 when it is, else 503."""
    return {"name": served.model, "ready": served.ready}


def model(served: List[Served], signature: str = "") -> Json:
    """`GET /v2/models/<m>`.

    Args:
        served: The deployments of that name; the first is the one that is described.
        signature: Which signature; "" for the default.
    """
    first = served[0]
    shown = _signature(first, signature)
    return {
        "name": first.model,
        "versions": list(dict.fromkeys(each.version for each in served)),
        "platform": first.platform,
        "inputs": [_v2_tensor(each) for each in shown.get("inputs", ())],
        "outputs": [_v2_tensor(each) for each in shown.get("outputs", ())],
    }


def _signature(served: Served, name: str) -> Json:
    known = served.signatures or {}
    found: Json = known.get(name or DEFAULT_SIGNATURE) or next(iter(known.values()), {})
    return found


def _v2_tensor(tensor: Json) -> Json:
    # What a model does not declare is sent and answered as texts or JSON.
    datatype = tensor["datatype"] or "BYTES"
    found = {"name": tensor["name"], "datatype": datatype, "shape": tensor["shape"]}
    # The protocol has no shape for what takes any; whoever does not look sees one axis.
    return {**found, "parameters": {UNKNOWN_RANK: True}} if tensor.get(UNKNOWN_RANK) else found


def model_config(served: Served) -> Json:
    """`GET /v2/models/<m>/config`, as much of Triton's as is true here."""
    shown = _signature(served, "")
    return {
        "name": served.model,
        "platform": served.platform,
        "backend": "",
        "max_batch_size": 0,
        "input": [_config_tensor(each) for each in shown.get("inputs", ())],
        "output": [_config_tensor(each) for each in shown.get("outputs", ())],
    }


def _config_tensor(tensor: Json) -> Json:
    datatype = _TYPES.get(tensor["datatype"], ("", "TYPE_INVALID"))[1]
    return {"name": tensor["name"], "data_type": datatype, "dims": list(tensor["shape"])}


def model_stats(served: List[Served]) -> Json:
    """`GET /v2/models[/<m>]/stats`: counts and times as Triton's statistics have them."""
    return {"model_stats": [_statistics(each) for each in served]}


def _statistics(each: Served) -> Json:
    succeeded = {"count": each.requests - each.failures, "ns": each.run_us * 1000}
    failed, nothing = {"count": each.failures, "ns": 0}, {"count": 0, "ns": 0}
    return {
        "name": each.model,
        "version": each.version,
        "last_inference": round(each.last_request * 1000),
        "inference_count": succeeded["count"],
        "execution_count": succeeded["count"],
        "inference_stats": {
            "success": succeeded,
            "fail": failed,
            "queue": nothing,
            "compute_input": nothing,
            "compute_infer": succeeded,
            "compute_output": nothing,
            "cache_hit": nothing,
            "cache_miss": nothing,
        },
        "batch_stats": [],
    }


def index(served: List[Served], *, ready_only: bool = False) -> List[Json]:
    """`POST /v2/repository/index`.

    Args:
        served: All deployments.
        ready_only: The request's `ready`.
    """
    return [
        {
            "name": each.model,
            "version": each.version,
            "state": "READY" if each.ready else "UNAVAILABLE",
            "reason": each.reason,
        }
        for each in served
        if each.ready or not ready_only
    ]


def unsupported(path: str) -> Json:
    """What is answered with 501.

    Args:
        path: That was asked.
    """
    return {
        "error": f"{path} is not supported: models are changed by deploying them, tensors come in "
        "the request, and traces are not taken"
    }


def unknown_model(protocol: str, asked: str, served: List[Served]) -> Json:
    """What is answered with 404 to a model or version that is not here.

    Args:
        protocol: Of the path.
        asked: What it named, such as `mnist` or `mnist, version 3`.
        served: What there is.
    """
    there = ", ".join(f"{each.model}, version {each.version}" for each in served) or "none"
    return error(protocol, f"no model {asked} is served here; there is {there}")


def inquiry(
    where: Destination,
    path: str,
    body: Json,
    everything: List[Served],
    found: List[Served],
    version: str,
) -> Told:
    """Answer what no model needs to hear: metadata, readiness, lists, statistics.

    Args:
        where: What the path names.
        path: The path, for messages.
        body: The JSON object that came.
        everything: All deployments.
        found: Those of the model that the path names.
        version: Runyard's.
    """
    if where.verb == paths.UNSUPPORTED:
        return unsupported(path), _NOT_HERE
    if where.verb == paths.SERVER:
        return server(version), _OK
    if where.verb in _OF_ALL:
        return _OF_ALL[where.verb](everything, body)
    if where.model and not found:
        return unknown_model(where.protocol, where.named(), everything), _NOT_FOUND
    return _OF_MODEL[where.verb](found or everything)


def _told_ready(served: List[Served], _body: Json) -> Told:
    ready = any(each.ready for each in served)
    return server_ready(ready=ready), _OK if ready else _UNAVAILABLE


def _told_index(served: List[Served], body: Json) -> Told:
    if not isinstance(body.get("ready", False), bool):
        return error(OPEN_INFERENCE, "'ready' must be true or false"), _BAD
    return index(served, ready_only=body.get("ready") is True), _OK


def _told_model_ready(served: List[Served]) -> Told:
    ready = next((each for each in served if each.ready), served[0])
    return model_ready(ready), _OK if ready.ready else _UNAVAILABLE


_OF_ALL: Dict[str, Callable[[List[Served], Json], Told]] = {
    paths.LIVE: lambda _served, _body: (live(), _OK),
    paths.SERVER_READY: _told_ready,
    paths.INDEX: _told_index,
    paths.TF_MODELS: lambda served, _body: (tf_models(served), _OK),
}
_OF_MODEL: Dict[str, Callable[[List[Served]], Told]] = {
    paths.MODEL: lambda served: (model(served), _OK),
    paths.MODEL_READY: _told_model_ready,
    paths.MODEL_CONFIG: lambda served: (model_config(served[0]), _OK),
    paths.MODEL_STATS: lambda served: (model_stats(served), _OK),
    paths.TF_STATUS: lambda served: (tf_status(served), _OK),
    paths.TF_METADATA: lambda served: (tf_metadata(served[0]), _OK),
}
