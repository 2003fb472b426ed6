"""A request that an endpoint takes, to be shown: its script's own sample, or zeros of its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence
from urllib.parse import quote

from runyard.protocol.inference_forms import UNKNOWN_RANK
from runyard.sdk import endpoint_data, endpoint_words
from runyard.sdk.exceptions import WebserviceException

if TYPE_CHECKING:
    from runyard.protocol.endpoints import EndpointRecord
    from runyard.sdk.endpoint_calls import Caller

# Before 1.5 inference_schema described scripts in this version alone.
SWAGGER = "/swagger.json?version=2"
_ZEROS = {"BYTES": "text", "BOOL": False}
# More zeros are megabytes of JSON, which nobody would paste into a shell.
_MOST = 100_000


def sample_of(caller: Caller, record: EndpointRecord) -> Any:
    """A request for `/score`; None where nothing tells what it takes.

    Args:
        caller: Calls the endpoint.
        record: The endpoint.
    """
    default = endpoint_words.deployment_of(record)
    if default is None or not record.address or not endpoint_words.ready_of(default):
        # Asking would wait for a start.
        return None
    given = _asked(caller, record, SWAGGER)
    example = given.get("definitions", {}).get("ServiceInput", {}).get("example")
    if example:
        return example
    name = next(iter(default.spec.models), record.name).partition(":")[0]
    inputs = _asked(caller, record, f"/v2/models/{quote(name)}").get("inputs", [])
    return of_inputs(inputs)


def of_inputs(inputs: Sequence[Dict[str, Any]]) -> Any:
    """A request with a row of zeros for each input; None where a shape is not known.

    Args:
        inputs: Name, datatype and shape of each, as the Open Inference Protocol has them.
    """
    found = {each["name"]: _sample(each) for each in inputs}
    if not found or None in found.values():
        return None
    return {"data": next(iter(found.values()))} if len(found) == 1 else found


def _sample(given: Dict[str, Any]) -> Optional[Any]:
    if given.get("parameters", {}).get(UNKNOWN_RANK):
        return None
    return _zeros(given["datatype"], given["shape"])


def _zeros(datatype: str, shape: List[int]) -> Optional[Any]:
    if not shape:
        return None
    # An axis of any size, such as that of the rows, has one here.
    sizes = [max(1, size) for size in shape]
    count = 1
    for size in sizes:
        count *= size
    if count > _MOST:
        return None
    found: Any = _ZEROS.get(datatype, 0)
    for size in reversed(sizes):
        found = [found] * size
    return found


def _asked(caller: Caller, record: EndpointRecord, path: str) -> Dict[str, Any]:
    try:
        answer = endpoint_data.decoded(caller.send(path, None, {}, record))
    except WebserviceException:
        return {}
    return answer if isinstance(answer, dict) else {}
