"""The same model for MLflow, as code; argv: the folder to save it in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import mlflow
from mlflow.pyfunc import PythonModel

HERE = Path(__file__).resolve().parent


class Dot(PythonModel):
    """The model."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> list:
        """Score one row; a long one comes as text."""
        from score import run

        del context, params
        first = model_input["data"][0] if isinstance(model_input, dict) else model_input[0]
        if isinstance(first, str):
            return [run(first)["length"]]
        return [run(json.dumps({"data": [float(value) for value in first]}))["result"]]


mlflow.pyfunc.save_model(
    sys.argv[1],
    python_model=Dot(),
    code_paths=[str(HERE / "score.py")],
    pip_requirements=["mlflow"],
)
