"""An MLflow server of the adapter's own: records in SQLite, artifacts through the server."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

from ports import free_port
from serve import until

START_SECONDS = 400.0


def start(*more: str) -> str:
    """Start it in the working folder, as MLflow's documentation does; give its address.

    It ends with the adapter, whose processes the driver ends.

    Args:
        more: Further words of its command line.
    """
    url, here = f"http://127.0.0.1:{free_port()}", Path.cwd()
    program = str(Path(sys.executable).parent / "mlflow")
    words = [program, "server", "--host", "127.0.0.1", "--port", url.rsplit(":", 1)[1]]
    words += ["--backend-store-uri", f"sqlite:///{here}/mlflow.db"]
    words += ["--artifacts-destination", str(here / "artifacts"), *more]
    subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until(lambda: _answers(f"{url}/health"), START_SECONDS)
    return url


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
