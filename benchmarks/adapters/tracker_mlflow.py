"""An MLflow server for others to ask; argv: more words of its command line."""

from __future__ import annotations

import os
import sys

import mlflow_server
from serve import serve

# As many connections to its database as there are clients: with the five of its default, most of
# them are refused.
os.environ["MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"] = "32"
url = mlflow_server.start(*sys.argv[1:])
serve({"address": lambda: {"url": url, "token": ""}})
