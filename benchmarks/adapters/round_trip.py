"""The least that a request can take here: a bare answer of this stack, asked over a kept line."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from pathlib import Path

from ports import free_port
from serve import serve, until

port = free_port()
echo = Path(__file__).resolve().parent / "echo.py"
subprocess.Popen([sys.executable, str(echo), str(port)], stdin=subprocess.DEVNULL)


def trips(count: int) -> dict:
    """So many requests, one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    begun = time.perf_counter()
    for _ in range(count):
        connection.request("GET", "/")
        connection.getresponse().read()
    seconds = time.perf_counter() - begun
    connection.close()
    return {"run": seconds, "version": seconds / count}


def _answers() -> bool:
    try:
        trips(1)
    except OSError:
        return False
    return True


until(_answers)
serve({"trips": trips})
