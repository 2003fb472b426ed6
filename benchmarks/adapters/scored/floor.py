"""The least that answers such a request on this stack: reads the body, sends as much back.

With a second argument, a script's name, it calls that script's model in the process.
"""

import importlib
import json
import sys
from typing import Any

import uvicorn

ANSWER = b'{"result": 80.5}'
HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(ANSWER)).encode("ascii")),
]

model = importlib.import_module(sys.argv[2]) if len(sys.argv) > 2 else None
if model is not None:
    model.init()


async def answer(scope: dict, receive: Any, send: Any) -> None:
    """Answer every request."""
    del scope
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    body, headers = ANSWER, HEADERS
    if model is not None:
        body = json.dumps(model.run(b"".join(pieces).decode())).encode()
        headers = [HEADERS[0], (b"content-length", str(len(body)).encode("ascii"))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


uvicorn.run(
    answer,
    host="127.0.0.1",
    port=int(sys.argv[1]),
    loop="uvloop",
    http="httptools",
    lifespan="off",
    log_level="warning",
    access_log=False,
)
