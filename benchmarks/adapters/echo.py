"""The least that an HTTP service on this stack can be: one route on uvicorn."""

import sys
from typing import Any

import uvicorn


async def answer(scope: dict, receive: Any, send: Any) -> None:
    """Answer every request with two bytes."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


uvicorn.run(answer, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
