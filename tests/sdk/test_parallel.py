"""ParallelRunStep on a real service: the shapes of v1's notebooks, kills, reuse, several nodes."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from azureml.core import Dataset, Environment, Experiment, Model
from azureml.exceptions import ActivityFailedException, UserErrorException
from azureml.pipeline.core import Pipeline, PipelineData, PipelineParameter
from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from runyard.sdk.workspaces import Workspace

# As the digits of 2020's notebook: a model by its name, a line for each image.
DIGITS = """
import os
from azureml.core import Model
def init():
    global model
    model = eval(open(os.path.join(Model.get_model_path("mnist-prs"), "model.txt")).read())
def run(mini_batch):
    print(f"run method start: {__file__}, run({mini_batch})")
    result = []
    for image in mini_batch:
        pixels = open(image, "rb").read()
        result.append("{}: {}".format(os.path.basename(image), model[pixels[0]]))
    return result
"""
# As the irises: a model by an option, a table in, a table out.
IRIS = """
import argparse, io, pickle
from azureml.core import Model
from azureml_user.parallel_run import EntryScript
def init():
    global iris_model
    EntryScript().logger.info("init() is called.")
    parser = argparse.ArgumentParser(description="Iris model serving")
    parser.add_argument("--model_name", dest="model_name", required=True)
    args, unknown_args = parser.parse_known_args()
    with open(Model.get_model_path(args.model_name), "rb") as model_file:
        iris_model = pickle.load(model_file)
def run(input_data):
    assert list(input_data.index) == list(range(len(input_data)))
    num_rows, num_cols = input_data.shape
    result = input_data.copy()
    result["variety"] = [iris_model[int(width > 1)] for width in input_data["petal.width"]]
    return result
"""


@pytest.fixture
def step(folder: Path) -> Callable[..., ParallelRunStep]:
    """Makes a step of a script, on this interpreter as it is."""

    def make(text: str, inputs: list[Any], name: str = "score", **more: Any) -> ParallelRunStep:
        (folder / "code").mkdir(exist_ok=True)
        (folder / "code" / "score.py").write_text(text)
        environment = Environment("plain")
        environment.python.user_managed_dependencies = True
        of_step = {
            key: more.pop(key) for key in ("output", "arguments", "side_inputs") if key in more
        }
        plain = {
            "environment": environment,
            "source_directory": "code",
            "entry_script": "score.py",
            "mini_batch_size": "5",
            "error_threshold": 10,
            "output_action": "append_row",
            "compute_target": "local",
            "node_count": 1,
            "process_count_per_node": 2,
        }
        config = ParallelRunConfig(**{**plain, **more})
        return ParallelRunStep(name, config, inputs, **of_step)

    return make


def uploaded(workspace: Workspace, folder: Path, files: dict[str, bytes], name: str) -> Any:
    """A folder of a datastore."""
    (folder / name).mkdir()
    for path, data in files.items():
        (folder / name / path).write_bytes(data)
    store = workspace.get_default_datastore()
    store.upload(str(folder / name), target_path=name, show_progress=False)
    return store


def joined(run: Any, name: str = "inferences", file: str = "parallel_run_step.txt") -> str:
    """What a step has written."""
    (step,) = run.find_step_run("score")
    made = step.get_output_data(name)
    made.download("got", overwrite=True)
    return Path("got", made.path_on_datastore, file).read_text(encoding="utf-8")


def test_images(workspace: Workspace, folder: Path, step: Any) -> None:
    """The notebook on files: a mounted dataset, a parameter for the batch, a line for each image.

    Submitted again it is reused.
    """
    images = {f"{number:02}.png": bytes([number]) for number in range(12)}
    store = uploaded(workspace, folder, images, "mnist")
    (folder / "models").mkdir()
    (folder / "models" / "model.txt").write_text("range(100)")
    Model.register(workspace, model_path="models/", model_name="mnist-prs")
    named = Dataset.File.from_files((store, "mnist")).as_named_input("mnist_images")
    size = PipelineParameter("batch_size_param", "5")
    place = {"datastore": store, "output_path_on_compute": "inferences/results"}
    output = PipelineData("inferences", **place)
    one = step(DIGITS, [named], output=output, mini_batch_size=size, append_row_file_name="o.txt")
    pipeline = Pipeline(workspace, [one])
    run = Experiment(workspace, "digits").submit(
        pipeline, pipeline_parameters={"batch_size_param": "4"}
    )
    assert run.wait_for_completion(show_output=False) == "Finished"
    lines = [f"{number:02}.png: {number}\n" for number in range(12)]
    assert joined(run, file="o.txt") == "".join(lines)
    (found,) = run.find_step_run("score")
    metrics = found.get_metrics()
    assert (metrics["total_mini_batches"], metrics["processed_items"]) == (3, 12)
    assert any(name.startswith("logs/user/stdout/") for name in found.get_file_names())
    assert "3 of 3 batches are done" in found.get_job_log()

    again = pipeline.submit("digits", {"batch_size_param": "4"})
    again.wait_for_completion(show_output=False)
    assert again.find_step_run("score")[0].get_properties()["azureml.reusedrunid"] == found.id


def test_irises(workspace: Workspace, folder: Path, step: Any) -> None:
    """The notebook on a table: frames of about a size, and what is returned without a header."""
    pytest.importorskip("pandas")
    lines = [f"{n}.5,{n % 3}.0,odd name" for n in range(40)]
    data = "\n".join(["sepal.length,petal.width,label", *lines]).encode()
    store = uploaded(workspace, folder, {"iris.csv": data}, "iris")
    (folder / "model.pkl").write_bytes(pickle.dumps(["Setosa", "Virginica"]))
    Model.register(workspace, model_path="model.pkl", model_name="iris-prs")
    table = Dataset.Tabular.from_delimited_files((store, "iris/iris.csv"))
    one = step(
        IRIS,
        [table.as_named_input("iris_data")],
        output=PipelineData("inferences"),
        mini_batch_size="200",
        arguments=["--model_name", "iris-prs"],
        process_count_per_node=1,
    )
    run = Pipeline(workspace, [one]).submit("irises")
    run.wait_for_completion(show_output=False)
    varieties = ["Setosa", "Setosa", "Virginica"]
    rows = [f'{n}.5 {n % 3}.0 "odd name" {varieties[n % 3]}' for n in range(40)]
    assert joined(run).splitlines() == rows
    assert run.find_step_run("score")[0].get_metrics()["total_mini_batches"] > 2


# By the module of the first release.
SUMMARY = """
import argparse, os
from entry_script import EntryScript
def init():
    parser = argparse.ArgumentParser()
    parser.add_argument("--names")
    args, _ = parser.parse_known_args()
    globals()["names"] = open(os.path.join(args.names, "names.txt")).read().split()
def run(batch):
    for path in batch:
        stem = os.path.basename(path)
        with open(os.path.join(EntryScript().output_dir, stem), "w") as made:
            made.write(names[int(open(path).read())])
    return batch
"""


def test_a_script_that_writes_itself(workspace: Workspace, folder: Path, step: Any) -> None:
    """summary_only with an output and a side input that all processes see whole."""
    store = uploaded(workspace, folder, {f"{n}.txt": b"%d" % n for n in range(4)}, "given")
    uploaded(workspace, folder, {"names.txt": b"a b c d"}, "names")
    names = Dataset.File.from_files((store, "names/")).as_named_input("names").as_mount()
    one = step(
        SUMMARY,
        [Dataset.File.from_files((store, "given/")).as_named_input("given")],
        output=PipelineData("inferences"),
        side_inputs=[names],
        arguments=["--names", names],
        output_action="summary_only",
        process_count_per_node=1,
    )
    run = Pipeline(workspace, [one]).submit("summary")
    assert run.wait_for_completion(show_output=False) == "Finished"
    made = run.find_step_run("score")[0].get_output_data("inferences")
    assert made.download("got") == 4
    assert (folder / "got" / made.path_on_datastore / "3.txt").read_text() == "d"


FAILS = """
import os
def run(batch):
    for path in batch:
        if int(open(path).read()) % 2:
            raise ValueError("odd: " + os.path.basename(path))
    return batch
"""


def test_too_many_errors_fail_the_step(workspace: Workspace, folder: Path, step: Any) -> None:
    """At once, naming the batches with what they said; no other attempt would help."""
    store = uploaded(workspace, folder, {f"{n}.txt": b"%d" % n for n in range(6)}, "given")
    one = step(
        FAILS,
        [Dataset.File.from_files((store, "given/")).as_named_input("given")],
        output_action="summary_only",
        mini_batch_size="1",
        error_threshold=1,
        run_max_try=2,
        process_count_per_node=1,
    )
    run = Pipeline(workspace, [one]).submit("fails")
    with pytest.raises(ActivityFailedException):
        run.wait_for_completion(show_output=False)
    details = run.find_step_run("score")[0].get_details()
    told = details["error"]["error"]["message"]
    assert "2 of 3 items failed (error_threshold=1)" in told or "error_threshold=1" in told
    assert "batch 1: " in told
    assert "ValueError: odd: 1.txt" in told
    assert details.get("attempt", 1) == 1


PARTS = """
def run(batch, mini_batch_context):
    keys = mini_batch_context.partition_key_value
    # v1's notebooks name the columns of what comes out by their places, the keys last.
    assert list(batch) == ["sold", "at", "shop", "year"]
    assert mini_batch_context.dataset.to_columns()["sold"] == list(batch["sold"])
    return [f"{keys['shop']} {keys['year']} {len(batch)} {batch['sold'].sum()}"] * len(batch)
"""


def test_a_table_is_cut_by_the_values_of_its_columns(
    workspace: Workspace, folder: Path, step: Any
) -> None:
    """partition_by writes a file for each; a batch is one of them, and the script is told which."""
    pytest.importorskip("pandas")
    rows = ["a/b,2019,1.5,2019-01-02 03:04:05.123457", ",2019,2.0,", "a/b,2020,3.0,", "a/b,2019,4,"]
    data = "\n".join(["shop,year,sold,at", *rows]).encode()
    store = uploaded(workspace, folder, {"sales.csv": data}, "sales")
    table = Dataset.Tabular.from_delimited_files((store, "sales/sales.csv"))
    keys = ["shop", "year"]
    parts = table.partition_by(keys, target=(store, "by-shop"), name="sales", show_progress=False)
    assert (parts.name, parts.partition_keys) == ("sales", keys)
    assert table.partition_keys == []
    assert parts.get_partition_key_values(["shop"]) == [{"shop": None}, {"shop": "a/b"}]
    told = table.to_columns()
    there = parts.to_columns()
    order = [there["sold"].index(each) for each in told["sold"]]
    assert {name: [values[n] for n in order] for name, values in there.items()} == told
    with pytest.raises(UserErrorException, match="has no week, but shop"):
        table.partition_by(["week"], (store, "by-week"))
    with pytest.raises(ValueError, match="is not partitioned by shop"):
        step(PARTS, [table.as_named_input("sales")], partition_keys=["shop"])
    one = step(
        PARTS,
        [parts.as_named_input("sales")],
        output=PipelineData("inferences"),
        partition_keys=keys,
        process_count_per_node=1,
    )
    run = Pipeline(workspace, [one]).submit("parts")
    run.wait_for_completion(show_output=False)
    lines = ["None 2019 1 2.0", *["a/b 2019 2 5.5"] * 2, "a/b 2020 1 3.0"]
    assert sorted(joined(run).splitlines()) == sorted(lines)
