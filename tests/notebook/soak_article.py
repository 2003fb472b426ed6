"""The article as a notebook, executed from its first cell to its last; `make soak` runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.notebook import environments
from tests.notebook.lab import write_kernel

if TYPE_CHECKING:
    from runyard_server.testing.services import RunningService

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.timeout(1800)
def test_the_article_as_a_notebook(service: RunningService, tmp_path: Path) -> None:
    """It trains, registers, tunes, compares and serves, with cards that have seen the end."""
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    variables = {
        "RUNYARD_HOME": str(service.home),
        "PYTHONPATH": str(environments.packages(tmp_path / "packages")),
    }
    python = environments.python_of(environments.LAB)
    write_kernel(tmp_path / "data" / "kernels" / "newest", python, variables)
    command = [str(python), "-P", "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace"]
    command += ["--ExecutePreprocessor.timeout=1500", "--ExecutePreprocessor.kernel_name=newest"]
    command += ["article.ipynb"]
    done = subprocess.run(
        command,
        cwd=tmp_path / "examples" / "notebooks",
        env={**os.environ, "JUPYTER_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    book = json.loads((tmp_path / "examples" / "notebooks" / "article.ipynb").read_text())
    cards = [
        "".join(output["data"]["text/html"])
        for cell in book["cells"]
        for output in cell.get("outputs", [])
        if "RunDetails" in "".join(output.get("data", {}).get("text/plain", ""))
    ]
    assert len(cards) == 2
    assert all("✓ Completed" in card and "data:image/svg+xml" in card for card in cards)
