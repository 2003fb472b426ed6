"""The least that answers such a request on this stack: reads the body, sends as much back."""

import sys
from typing import Any

import uvicorn

ANSWER = b'{"result": 80.5}'
HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(ANSWER)).encode("ascii")),
]


async def answer(scope: dict, receive: Any, send: Any) -> None:
    """Answer every request."""
    del scope
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


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
