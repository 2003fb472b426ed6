"""A service for others to ask."""

from __future__ import annotations

import json
import os
from pathlib import Path

from serve import serve

from runyard import Workspace

Workspace.from_config()


def address() -> dict:
    """Where the service listens, and its token."""
    told = json.loads((Path(os.environ["RUNYARD_HOME"]) / "service.json").read_text())
    return {"url": told["url"], "token": told["token"]}


serve({"address": address})
