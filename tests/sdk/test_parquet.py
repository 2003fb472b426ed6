"""Parquet files by the packages that read them, in an environment that the tests make."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests import locked_environments

import runyard
from runyard import Workspace
from runyard_server.testing.services import RunningService

HERE = Path(__file__).parent
NEW, OLD = "parquet", "parquet-3.7"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH that has the light half alone."""
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "runyard").symlink_to(Path(runyard.__file__).parent)
    return tmp_path / "packages"


def _python_of(name: str) -> Path:
    base = locked_environments.BASE
    if name == OLD:
        program = locked_environments.ROOT / "tools" / "interpreters.py"
        command = [sys.executable, "-P", str(program), "3.7"]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
        base = Path(found.stdout.strip())
    return locked_environments.python_of(f"tables-{name}", HERE / f"{name}.txt", base)


# pandas and pyarrow of 2019, which such scripts were written for, are asked by `make soak`.
@pytest.mark.parametrize("name", os.environ.get("PARQUET_ON", NEW).split())
def test_parquet_is_read_and_written_as_users_do(
    service: RunningService, workspace: Workspace, packages: Path, name: str
) -> None:
    """Types, groups, partitions and records that are written; nothing else is installed there."""
    variables = {**os.environ, "RUNYARD_HOME": str(service.home), "PYTHONPATH": str(packages)}
    command = [str(_python_of(name)), str(HERE / "parquet_of_users.py"), workspace.name]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["types", "shapes", "partitions", "written"], done.stderr
