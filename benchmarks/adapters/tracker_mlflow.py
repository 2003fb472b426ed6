"""An MLflow server for others to ask; argv: more words of its command line."""

from __future__ import annotations

import sys

import mlflow_server
from serve import serve

url = mlflow_server.start(*sys.argv[1:])
serve({"address": lambda: {"url": url, "token": ""}})
