"""The command line of a model that answers over HTTP by itself."""

from __future__ import annotations

import argparse
import os
import sys
from typing import List

from runyard.protocol.errors import RunyardError
from runyard.protocol.serving import SERVING_FILE
from runyard.runtime.model import application
from runyard.runtime.model.output import say
from runyard.runtime.model.supervisor import Supervisor
from runyard.runtime.model.web.server import Server

HOST = "127.0.0.1"
_ABOUT = """\
Serve the model of the working folder over HTTP, without a service.

The folder is the app root of a package: .runyard/serving.json says what is served, the models are
below azureml-models. It answers to POST /score, GET / (200 once the model is loaded, else 503 with
the reason), /swagger.json, /metrics, and to the protocols of TensorFlow Serving, Open Inference
(KServe, Triton) and MLflow. There are no keys: who reaches the port is answered.
"""


def main(arguments: List[str]) -> int:
    """Serve until SIGTERM; the exit status.

    Args:
        arguments: The command line's.
    """
    asked = _parsed(arguments)
    root = os.getcwd()
    try:
        server = Server(application.read(root), asked.host, asked.http)
    except (RunyardError, FileNotFoundError) as error:
        sys.stderr.write(f"{SERVING_FILE} of {root} cannot be read: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}\n")
        return 1
    # A package is no run of a service, whose variables it may have inherited.
    for name in application.HIDDEN:
        os.environ.pop(name, None)
    os.environ.update(server.variables())
    server.start()
    say("listening at " + ", ".join(f"http://{each}" for each in server.addresses))
    try:
        return Supervisor(root).run()
    finally:
        server.stop()


def _parsed(arguments: List[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m runyard.runtime.model",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--http",
        metavar="PORT",
        type=int,
        action="append",
        required=True,
        help="a port to listen at; may be given several times",
    )
    parser.add_argument(
        "--host", default=HOST, help=f"the address to listen at (default: {HOST}; 0.0.0.0: all)"
    )
    return parser.parse_args(arguments)
