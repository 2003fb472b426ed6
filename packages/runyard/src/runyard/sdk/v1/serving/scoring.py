"""A request to a web service, with its key, and the parsed answer."""

from __future__ import annotations

import json
from typing import Any, Dict, NamedTuple, Optional, Union
from urllib.parse import urlsplit

from runyard.sdk.exceptions import UserErrorException, WebserviceException

OK, UNAUTHORIZED = 200, 401
# As `sdk.endpoint_calls` has it, which would bring modules that nothing here needs.
DEPLOYMENT_HEADER = "runyard-deployment"


class Answer(NamedTuple):
    """What a service answered."""

    status: int
    headers: Dict[str, str]
    content: bytes


def post(
    uri: str, data: Union[str, bytes], authorization: str, deployment: Optional[str] = None
) -> Answer:
    """Send a request to a scoring address.

    Args:
        uri: The address.
        data: The body.
        authorization: The whole value of the header; "" for none.
        deployment: Which deployment is to answer; None: whichever the traffic decides.

    Raises:
        WebserviceException: Nobody answers there.
    """
    import http.client

    parts = urlsplit(uri)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {"Content-Type": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    if deployment:
        headers[DEPLOYMENT_HEADER] = deployment
    # No time limit of our own: the service has one, and says so.
    connection = kind(parts.hostname or "", parts.port)
    try:
        connection.request("POST", parts.path or "/", _body(data), headers)
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    except (OSError, http.client.HTTPException) as error:
        raise WebserviceException(
            f"no answer from {uri}: {error or type(error).__name__}; look at the service's state, "
            "and at get_logs()"
        ) from error
    finally:
        connection.close()


def _body(data: Any) -> bytes:
    if isinstance(data, str):
        return data.encode("utf-8")
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    raise UserErrorException(
        f"input_data is a {type(data).__name__}; give a text or bytes, for example "
        'json.dumps({"data": rows})'
    )


def parsed(answer: Answer) -> Any:
    """The content of an answer, as parsed JSON.

    Raises:
        WebserviceException: It is a refusal, or no JSON.
    """
    # v1 knew this status alone: a script that answers 201 is called by HTTP.
    if answer.status == OK:
        try:
            return json.loads(answer.content.decode("utf-8"))
        except ValueError as error:
            raise WebserviceException(
                f"the service answered with what is no JSON ({error}): {answer.content[:200]!r}; "
                "call it by HTTP if that is what it should give",
                answer.status,
            ) from error
    raise WebserviceException(
        "Received bad response from service. More information can be found by calling "
        "`.get_logs()` on the webservice object.\n"
        f"Response Code: {answer.status}\n"
        f"Headers: {answer.headers}\n"
        f"Content: {answer.content!r}",
        answer.status,
    )
