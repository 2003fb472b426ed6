"""Submits an MLflow project; argv: `command` or `call`, the environment manager, its packages.

`command` is `mlflow run`, `call` is mlflow.projects.run in a process that has it imported already;
it waits for the run's end, because otherwise each run starts a whole `mlflow` program besides.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
from serve import burst, modules_of, serve, single

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
way, manager, packages = sys.argv[1], sys.argv[2], sys.argv[3:]
project = Path.cwd() / "project"
project.mkdir()
(project / "nothing.py").write_bytes((HERE / "nothing.py").read_bytes())
environment = "python_env: python_env.yaml\n" if packages else ""
(project / "MLproject").write_text(
    f"name: bench\n{environment}entry_points:\n  main:\n    parameters:\n      mark: string\n"
    f'    command: "python nothing.py {{mark}} {" ".join(modules_of(packages))}"\n'
)
if packages:
    version = ".".join(map(str, sys.version_info[:3]))
    lines = "".join(f"  - {package}\n" for package in packages)
    (project / "python_env.yaml").write_text(f'python: "{version}"\ndependencies:\n{lines}')
store = f"sqlite:///{Path.cwd()}/mlflow.db"
variables = {**os.environ, "MLFLOW_TRACKING_URI": store}
mlflow.set_tracking_uri(store)
mlflow.set_experiment("bench")


def call(mark: str) -> Callable[[], None]:
    """Submit the script; see `serve.single`."""
    run = mlflow.projects.run(
        uri=str(project),
        parameters={"mark": mark},
        env_manager=manager,
        experiment_name="bench",
        synchronous=True,
    )

    def wait() -> None:
        if run.get_status() != "FINISHED":
            raise RuntimeError(f"the run is {run.get_status()}")

    return wait


def command(mark: str) -> Callable[[], None]:
    """Submit the script with the program; see `serve.single`."""
    program = str(Path(sys.executable).parent / "mlflow")
    words = [program, "run", str(project), "--env-manager", manager, "-P", f"mark={mark}"]
    process = subprocess.Popen([*words, "--experiment-name", "bench"], env=variables)

    def wait() -> None:
        if process.wait() != 0:
            raise RuntimeError(f"mlflow run ended with {process.returncode}")

    return wait


submit = call if way == "call" else command
serve({"once": lambda mark: single(submit, mark), "burst": lambda marks: burst(submit, marks)})
