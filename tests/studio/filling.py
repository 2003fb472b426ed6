"""Fills a service with one of each thing that pages show; prints their names as JSON.

A program of its own, so that nothing of it stays in the process of the tests.
"""

import base64
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from runyard import (
    AmlCompute,
    ComputeTarget,
    Dataset,
    Endpoint,
    Environment,
    Experiment,
    ScriptRunConfig,
    Sweep,
    Torch,
    Workspace,
    choice,
    loguniform,
)

TRAIN = """\
import math, os, sys
from runyard import Run

run = Run.get_context()
rank = os.environ.get("RUNYARD_RANK", "0")
rate = float(sys.argv[1])
print("\\033[32mgreen\\033[0m <script>document.title = 'gone'</script>", rank, flush=True)
if rank == "0":
    run.log_parameter("rate", rate)
    for epoch in range(40):
        run.log("loss", math.exp(-epoch * rate))
        run.log("val/loss", 1.1 * math.exp(-epoch * rate))
        print("epoch", epoch, flush=True)
    os.makedirs("outputs/deep", exist_ok=True)
    with open("outputs/model.txt", "w") as file:
        file.write("weights")
    with open("outputs/deep/table.csv", "w") as file:
        file.write("a,b\\n1,2\\n3,4\\n")
    with open("outputs/page.html", "w") as file:
        file.write("<h1>A page</h1>")
    with open("outputs/numbers.json", "w") as file:
        file.write('{"one": [1, 2, 3]}')
if rate > 1:
    raise ValueError("the learning rate is too large")
"""
SCORE = """\
import json

def run(data):
    rows = json.loads(data)["data"]
    return [[float(len(row)), sum(row)] for row in rows]
"""
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
CONFUSION = {
    "schema_type": "confusion_matrix",
    "schema_version": "1.0.0",
    "data": {"class_labels": ["cat", "dog"], "matrix": [[8, 2], [1, 9]]},
}


def main() -> None:
    """Fill it."""
    workspace = Workspace.from_config()
    folder = Path(tempfile.mkdtemp(prefix="studio-")) / "code"
    committed(folder)
    (folder / "train.py").write_text(TRAIN)
    logged = by_hand(Experiment(workspace, "notebook"), folder)
    size = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=2)
    ComputeTarget.create(workspace, "cpu-cluster", size)
    script = Experiment(workspace, "tf-mnist")
    store = workspace.get_default_datastore()
    store.upload_files([str(folder / "train.py")], target_path="code")
    code = Dataset.File.from_files((store, "code")).register(workspace, "my code")
    runs = [submit(script, folder, 0.1, code), submit(script, folder, 7.0)]
    gang = submit(script, folder, 0.2, compute_target="cpu-cluster", nodes=2)
    tuned(Experiment(workspace, "tuned"))
    folds = folded(Experiment(workspace, "folds"))
    for run in (*runs, gang):
        run.wait_for_completion(raise_on_error=False)
    for _ in range(2):
        model = runs[0].register_model(
            model_name="digits", model_path="outputs/model.txt", datasets=[("training", code)]
        )
    plain().register(workspace)
    endpoint = served(workspace, model.name, folder)
    told = {
        "workspace": workspace.name,
        "run": runs[0].id,
        "failed": runs[1].id,
        "gang": gang.id,
        "logged": logged,
        "folds": folds,
        "model": model.name,
        "endpoint": endpoint,
        "experiment": "tf-mnist",
        "cluster": "cpu-cluster",
        "dataset": "my%20code",
        "datastore": store.name,
        **ids(workspace),
    }
    sys.stdout.write(json.dumps(told))


def committed(folder: Path) -> None:
    """A folder in a repository, with an older script than the one that is run."""
    folder.mkdir()
    (folder / "train.py").write_text(TRAIN.replace("range(40)", "range(30)"))
    for words in (
        ("init", "-q", "-b", "main"),
        ("add", "code"),
        ("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", "m"),
    ):
        subprocess.run(["git", *words], check=True, cwd=folder.parent)


def by_hand(experiment: Experiment, folder: Path) -> str:
    """Interactive runs; the last has a metric of each kind."""
    for number in range(3):
        run = experiment.start_logging(snapshot_directory=None)
        run.tag("group", "ab"[number % 2])
        run.log_parameter("rate", number / 10)
        for step in range(20):
            run.log("loss", math.exp(-step * (number + 1) / 100))
        run.complete()
    run = experiment.start_logging(snapshot_directory=None)
    for value in (0.5, math.nan, math.inf, 0.25):
        run.log("odd", value)
    run.log_list("list", [1, 2, 3])
    run.log_row("row", x=1, y=2)
    run.log_table("table", {"a": [1, 2], "b": [3, 4]})
    run.log_confusion_matrix("confusion", CONFUSION)
    (folder / "dot.png").write_bytes(base64.b64decode(PNG))
    run.log_image("image", path=str(folder / "dot.png"))
    run.tag("hostile", '"><img src=x onerror="document.title=1">')
    run.complete()
    return str(run.id)


def folded(experiment: Experiment) -> str:
    """A run with runs below it."""
    run = experiment.start_logging(snapshot_directory=None)
    for number in range(3):
        fold = run.child_run(f"fold {number}")
        fold.log_parameter("part", "ab"[number % 2])
        fold.complete()
    run.complete()
    return str(run.id)


def served(workspace: Workspace, model: str, folder: Path) -> str:
    """An endpoint of two deployments, one of each version."""
    (folder / "score.py").write_text(SCORE)
    script = str(folder / "score.py")
    made = Endpoint.deploy(workspace, "sums", f"{model}:1", script, environment=plain())
    made.wait()
    made.add("candidate", f"{model}:2", script, environment=plain(), percent=20)
    made.wait()
    return made.name


def plain() -> Environment:
    """This interpreter, so that nothing has to be made."""
    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    return environment


def submit(
    experiment: Experiment,
    folder: Path,
    rate: float,
    data: Any = None,
    compute_target: str = "local",
    nodes: int | None = None,
):
    """Submit the script."""
    gang = Torch(process_count_per_node=1, node_count=nodes) if nodes else None
    config = ScriptRunConfig(
        str(folder),
        script="train.py",
        arguments=[rate, *([data.as_named_input("code")] if data else [])],
        compute_target=compute_target,
        environment=plain(),
        distributed_job_config=gang,
    )
    return experiment.submit(config)


def tuned(experiment: Experiment) -> None:
    """A sweep of trials in this process."""
    sweep = Sweep(
        space={"rate": loguniform(1e-4, 1e-1), "kind": choice("a", "b")},
        goal={"loss": "minimize"},
        max_trials=12,
    )
    for trial in sweep.open(experiment, "quick"):
        with trial:
            trial.tell(abs(math.log10(trial.params["rate"]) + 2.5))


def ids(workspace: Workspace) -> dict[str, str]:
    """Names that the service gave."""
    sweep = next(iter(workspace.service.sweeps.list()))
    return {"sweep": sweep.id}


if __name__ == "__main__":
    main()
