"""Stands for `azureml` where a script is started by hand: keeps the metrics and sends nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """
import json
class Run:
    def __init__(self):
        self.metrics = {}
    @staticmethod
    def get_context():
        return Run()
    def log(self, name, value):
        self.metrics[name] = value
        with open("outputs/metrics.json", "w") as file:
            json.dump(self.metrics, file)
"""


def put(folder: Path) -> None:
    """Put the stub into a folder that is to be on PYTHONPATH."""
    package = folder / "azureml"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "core.py").write_text(TEXT)


def metrics(folder: Path) -> dict[str, float]:
    """What a script that worked in a folder has logged."""
    found: dict[str, float] = json.loads((folder / "outputs" / "metrics.json").read_text())
    return found
