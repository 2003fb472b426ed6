"""Pipelines as v1 code writes them: what is accepted, what is refused, and what becomes of it."""

from __future__ import annotations

import pytest

from azureml.contrib.notebook import AzureMLNotebookHandler, NotebookRunConfig, NotebookRunnerStep
from azureml.core import Dataset, ScriptRunConfig
from azureml.core.runconfig import MpiConfiguration, RunConfiguration
from azureml.data import OutputFileDatasetConfig
from azureml.data.data_reference import DataReference
from azureml.data.datapath import DataPath, DataPathComputeBinding
from azureml.pipeline.core import (
    Pipeline,
    PipelineData,
    PipelineEndpoint,
    PipelineParameter,
    PortDataReference,
    StepSequence,
    TrainingOutput,
)
from azureml.pipeline.steps import (
    CommandStep,
    EstimatorStep,
    HyperDriveStep,
    MpiStep,
    PythonScriptStep,
)
from azureml.train.estimator import Estimator
from azureml.train.hyperdrive import HyperDriveConfig, RandomParameterSampling, uniform
from runyard.protocol.data import DataReference as Record
from runyard.protocol.pipelines import OutputRecord


@pytest.fixture
def step(folder):
    """Makes steps of the folder's script."""

    def make(name="a", **given: object):
        given.setdefault("source_directory", str(folder))
        return PythonScriptStep("train.py", name=name, **given)

    return make


@pytest.fixture
def built(workspace, experiment, monkeypatch):
    """Builds a pipeline and gives what is sent of each step, by name."""
    experiment.workspace = workspace
    monkeypatch.setattr("runyard.sdk.v1.pipelines.building.take_snapshot", lambda *_: "snapshot")

    def build(steps, **given: object):
        pipeline = Pipeline(workspace, steps, **given)
        return {node.name: node for node in pipeline._spec(experiment).nodes}

    return build


def test_what_the_last_step_needs_comes_in(step, built):
    """`steps=[last]` is the usual form: who makes its data, and who comes before, is found."""
    data = PipelineData("data")
    first, second = step("first", outputs=[data]), step("second", inputs=[data])
    other = step("other")
    second.run_after(other)
    nodes = built([second])
    assert set(nodes) == {"first", "second", "other"}
    assert nodes["second"].inputs[0].node == nodes["first"].id
    assert nodes["second"].after == [nodes["other"].id]
    assert first.name == "first"
    with pytest.raises(ValueError, match="needs step 'first'"):
        built([second], resolve_closure=False)


def test_sequences_and_lists_nest(step, built):
    """Members of a list are side by side, those of a sequence after all of the one before."""
    a, b, c, d = (step(name) for name in "abcd")
    nodes = built(StepSequence(steps=[a, [b, StepSequence([c])], d]))
    ids = {name: node.id for name, node in nodes.items()}
    assert nodes["a"].after == []
    assert nodes["b"].after == nodes["c"].after == [ids["a"]]
    assert set(nodes["d"].after) == {ids["b"], ids["c"]}
    data = PipelineData("data")
    step("maker", outputs=[data])
    assert set(built(data)) == {"maker"}


def test_a_later_order_changes_no_pipeline_that_is_built(workspace, step):
    """Notebooks use the same steps in a second pipeline with another order."""
    a, b = step("a"), step("b")
    pipeline = Pipeline(workspace, [a, b])
    b.run_after(a)
    assert pipeline.graph.edges == []
    assert len(Pipeline(workspace, [b]).graph.edges) == 1


@pytest.mark.parametrize(
    ("make", "kind", "told"),
    [
        (lambda s: Pipeline(None, [s()], default_compute_target="x"), ValueError, "takes no"),
        (lambda _: Pipeline(None, ["train.py"]), NotImplementedError, "not str"),
        (lambda _: Pipeline(None, []), ValueError, "steps is empty"),
        (lambda s: Pipeline(None, [s(source_directory="gone")]), ValueError, "gone/train.py"),
        (
            lambda s: (
                s(inputs=[PipelineData("x")])
                and Pipeline(None, [s("b", inputs=[PipelineData("x")])])
            ),
            ValueError,
            "no step has among its outputs",
        ),
        (lambda _: PythonScriptStep(3), ValueError, "script_name must be a text"),
        (lambda s: s(arguments=[PipelineData("x")]), ValueError, "neither among its inputs nor"),
        (
            lambda s: s(inputs=[Dataset.File.from_files("https://h/x", validate=False)]),
            ValueError,
            "as_named_input",
        ),
        (lambda s: s(inputs=["x"]), ValueError, "not str"),
        (lambda s: s(outputs=["x"]), ValueError, "not str"),
        (
            lambda s: s(inputs=[(DataPath(None, "x"), "mount")]),
            ValueError,
            "DataPathComputeBinding",
        ),
        (lambda s: s(runconfig="x"), ValueError, "must be a RunConfiguration"),
        (lambda s: s(runconfig_pipeline_params={"Nodes": 1}), ValueError, "NodeCount"),
        (lambda _: PipelineData("a b"), ValueError, "letters, digits"),
        (lambda _: PipelineData("a", output_mode="download"), ValueError, "mount or upload"),
        (lambda _: PipelineParameter("p", None), ValueError, "NoneType"),
        (lambda _: TrainingOutput("Loss"), ValueError, "Metrics or Model"),
        (lambda _: TrainingOutput("metrics", model_file="x"), ValueError, "takes no"),
        (lambda _: TrainingOutput("Model", iteration=1, metric="x"), ValueError, "either"),
        (lambda _: EstimatorStep("e", None, []), ValueError, "must be an estimator"),
        (
            lambda _: MpiStep("m", ".", "train.py", [], "local"),
            ValueError,
            "node_count, process_count",
        ),
        (lambda _: CommandStep(), ValueError, "needs a command"),
        (lambda _: HyperDriveStep("h", "config", []), ValueError, "must be a HyperDriveConfig"),
        (lambda _: PipelineEndpoint.publish(None, "n", "", "x"), ValueError, "is str; give"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_made(make, kind, told, step):
    """By v1's class of error, and in words that say what would be right."""
    with pytest.raises(kind, match=told):
        make(step)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"estimator_entry_script_arguments": None}, "give \\[\\]"),
        ({"compute_target": None}, "compute_target is missing"),
        ({"params": {"--x": 1}}, "script_params"),
    ],
)
def test_an_estimator_gives_what_is_the_steps_to_the_step(given, told, folder):
    """Else a step would have two lists of arguments, and v1 took neither."""
    params = given.pop("params", None)
    estimator = Estimator(
        str(folder), compute_target="local", entry_script="train.py", script_params=params
    )
    more = {"estimator_entry_script_arguments": [], "compute_target": "local", **given}
    with pytest.raises(ValueError, match=told):
        EstimatorStep("e", estimator, **more)


def test_one_step_makes_a_data(step):
    """Two that wrote to one place would be a race that nobody sees."""
    data = PipelineData("data")
    step("one", outputs=[data])
    with pytest.raises(ValueError, match="made by step 'one' already; step 'two'"):
        step("two", outputs=[data])


def test_arguments_name_the_ports(step, built, datastore):
    """Each argument that is data is the variable in which the job finds the path."""
    data, made = PipelineData("data"), PipelineData("made", datastore, output_name="out")
    reference = DataReference(datastore, "ref", "a/b", mode="download")
    path = (DataPath(datastore, "x", name="place"), DataPathComputeBinding("mount"))
    where = PipelineParameter("where", DataPath(datastore, "y", name="y"))
    bound = (where, DataPathComputeBinding("mount"))
    rate = PipelineParameter("learning rate", 0.1)
    step("first", outputs=[data])
    last = step(
        "last",
        arguments=["--a", data, reference, path, bound, made, rate, 3, "text"],
        inputs=[data, reference, path, bound],
        outputs=[made],
        params={"FLAG": 1},
    )
    node = built([last])["last"]
    assert node.run.arguments == [
        "--a",
        "$AZUREML_DATAREFERENCE_data",
        "$AZUREML_DATAREFERENCE_ref",
        "$AZUREML_DATAREFERENCE_place",
        "$AZUREML_DATAREFERENCE_y",
        "$AZUREML_DATAREFERENCE_out",
        "$AML_PARAMETER_learning_rate",
        "3",
        "text",
    ]
    by_name = {each.name: each for each in node.inputs}
    assert by_name["ref"].reference == Record("ref", datastore.name, "a/b", "download")
    assert by_name["y"].parameter == "where"
    assert node.parameters == ["learning rate"]
    assert node.run.environment_variables["AML_PARAMETER_FLAG"] == "1"
    assert [(each.name, each.path) for each in node.outputs] == [
        ("out", "azureml/{run-id}/{output-name}")
    ]


def test_a_binding_is_found_among_arguments(step, built, datastore):
    """Each call makes another object, of what this pipeline makes or a run before has made."""
    data = PipelineData("data")
    step("first", outputs=[data])
    port = PortDataReference(datastore, OutputRecord("old", datastore.name, "azureml/1/old"), "1")
    given = [
        lambda: data.as_download("near"),
        lambda: port.as_download("far"),
        lambda: port.create_input_binding("seen"),
    ]
    made = [make() for make in given], [make() for make in given]
    node = built([step("last", arguments=made[0], inputs=made[1])])["last"]
    assert node.run.arguments == [f"$AZUREML_DATAREFERENCE_{n}" for n in ("near", "far", "seen")]
    assert [each.mode for each in node.inputs] == ["download", "download", "mount"]


def test_both_parts_of_what_a_step_makes_are_inputs(step, built):
    """They have names of their own, and the same records each time."""
    data = PipelineData("data").as_dataset()
    made = OutputFileDatasetConfig("made")
    step("first", outputs=[data], arguments=[made])
    parts = [
        *data.parse_delimited_files().random_split(0.5, seed=1),
        *made.read_delimited_files().random_split(0.5, seed=1),
    ]
    node = built([step("last", inputs=parts, arguments=parts[2:])])["last"]
    told = [(each.name, each.output, each.definition["steps"]) for each in node.inputs]
    split = [[{"split": {"percentage": 0.5, "seed": 1, "part": part}}] for part in (0, 1)]
    names = ("data_1", "data"), ("data_2", "data"), ("made_1", "made"), ("made_2", "made")
    assert told == [(*name, split[n % 2]) for n, name in enumerate(names)]
    assert node.run.arguments == ["${made_1}", "${made_2}"]
    with pytest.raises(ValueError, match="percentage"):
        data.parse_delimited_files().random_split(2)


def test_an_input_may_have_the_name_of_an_output(step, built):
    """As in v1 it is INPUT_<name> then, as variable and as argument."""
    first, second = PipelineData("data"), PipelineData("data")
    step("first", outputs=[first])
    last = step("last", arguments=[first, second], inputs=[first], outputs=[second])
    node = built([last])["last"]
    assert node.inputs[0].name == "INPUT_data"
    assert node.run.arguments == [
        "$AZUREML_DATAREFERENCE_INPUT_data",
        "$AZUREML_DATAREFERENCE_data",
    ]


def test_datasets_are_ports_wherever_they_stand(step, built):
    """One among arguments alone is an input or output, and copies remember who makes them."""
    made = OutputFileDatasetConfig("made")
    first = step("first", arguments=["--to", made])
    table = made.read_delimited_files().as_input("table")
    last = step("last", arguments=["--from", made.as_input("files"), table])
    nodes = built([last])
    assert nodes["first"].outputs[0].made.name == "made"
    assert first.name == "first"
    files, records = nodes["last"].inputs
    assert (files.node, files.output, files.as_dataset, files.mode) == (
        nodes["first"].id,
        "made",
        True,
        "mount",
    )
    assert (records.mode, records.definition["kind"]) == ("direct", "tabular")
    assert nodes["last"].run.arguments == ["--from", "${files}", "${table}"]


def test_data_read_as_a_dataset_is_made_as_one(step, built):
    """v1 refused the mixture; a table of it is read by its ending."""
    data = PipelineData("data")
    step("first", outputs=[data])
    with pytest.raises(ValueError, match="as_dataset"):
        built([step("second", inputs=[data.as_dataset()])])
    other = PipelineData("other")
    step("third", outputs=[other.as_dataset()])
    table = other.as_dataset().parse_delimited_files(separator="\t")
    node = built([step("fourth", inputs=[table])])["fourth"]
    assert node.inputs[0].definition["path_glob"] == "**/*.tsv"
    # As v1's guides say it of folders whose files have no endings.
    everything = other.as_dataset().parse_parquet_files(file_extension=None)
    node = built([step("fifth", inputs=[everything])])["fifth"]
    assert node.inputs[0].definition["path_glob"] == "**/*"


def test_parameters_are_one_of_a_name(workspace, step):
    """Two defaults of one name, or a name that `params` has too, leave open which is meant."""
    one, two = PipelineParameter("p", 1), PipelineParameter("p", 2)
    with pytest.raises(Exception, match="different defaults"):
        Pipeline(workspace, [step("a", arguments=[one]), step("b", arguments=[two])])
    with pytest.raises(Exception, match="a parameter 'p' and params"):
        Pipeline(workspace, [step("c", arguments=[one], params={"p": 2})])


@pytest.mark.parametrize(
    ("default", "value", "fits"),
    [
        (1, 2, True),
        (1, True, False),
        (1, "2", False),
        (0.1, 1, True),
        (True, 1, False),
        ("a", "b", True),
    ],
)
def test_values_are_of_the_kind_of_the_default(workspace, step, default, value, fits):
    """A value of another type fails at submit, not an hour later in a script."""
    parameter = PipelineParameter("p", default)
    pipeline = Pipeline(workspace, [step(arguments=[parameter])])
    if fits:
        assert pipeline._values({"p": value}, workspace) == {"p": value}
    else:
        with pytest.raises(Exception, match="must be of the type"):
            pipeline._values({"p": value}, workspace)
    with pytest.raises(Exception, match="no parameter 'q'; it has p"):
        pipeline._values({"q": 1}, workspace)


def test_a_circle_is_told_by_validate_and_refused_at_submit(workspace, step, experiment):
    """As in v1 the pipeline can be made; what stands against it is a list."""
    a, b = step("a"), step("b")
    a.run_after(b)
    b.run_after(a)
    pipeline = Pipeline(workspace, [a])
    assert "wait for each other in a circle" in pipeline.validate()[0]
    with pytest.raises(ValueError, match="circle"):
        pipeline._submit_to(experiment, None, None)
    assert Pipeline(workspace, [step("c")]).validate() == []


def test_configurations_are_the_steps_own(step, built):
    """One run configuration serves several steps, each with its own script and target."""
    config = RunConfiguration()
    nodes = built(
        [
            step("a", runconfig=config, compute_target=("gpu", "AmlCompute")),
            step("b", runconfig=config),
        ]
    )
    assert (nodes["a"].run.target, nodes["b"].run.target) == ("gpu", "local")
    assert config.target == "local"


def test_steps_of_other_kinds_become_what_runs(folder, workspace, experiment, built):
    """An estimator, MPI with a parameter that counts, a command and a sweep."""
    experiment.workspace = workspace
    count = PipelineParameter("nodes", 2)
    metrics = PipelineData("metrics")
    estimator = Estimator(str(folder), compute_target="local", entry_script="train.py")
    sweep = HyperDriveConfig(
        RandomParameterSampling({"--lr": uniform(0, 1)}), "acc", "MAXIMIZE", 4, estimator=estimator
    )
    model = PipelineData("model", training_output=TrainingOutput("Model", model_file="outputs/m"))
    nodes = built(
        [
            EstimatorStep("e", estimator, ["--x", 1], compute_target="local"),
            MpiStep("m", str(folder), "train.py", [], "cluster", count, 3),
            CommandStep("echo hello", source_directory=str(folder)),
            HyperDriveStep("h", sweep, ["--d", 1], outputs=[model], metrics_output=metrics),
        ]
    )
    assert nodes["e"].run.arguments == ["--x", "1"]
    assert (nodes["m"].run.launcher.kind, nodes["m"].counts) == ("mpi", {"node_count": "nodes"})
    assert nodes["m"].run.launcher.process_count_per_node == 3
    assert nodes["echo"].run.command == ["/bin/sh", "-c", "echo hello"]
    assert nodes["h"].sweep.max_trials == 4
    assert [each.taken for each in nodes["h"].outputs] == ["outputs/m", "metrics"]


def test_a_sweep_of_a_script_brings_its_arguments(folder, workspace, experiment, datastore, built):
    """As scripts of 2021 have it: data among them, and none said again for the step."""
    experiment.workspace = workspace
    images = datastore.path("a", "images").as_mount()
    script = ScriptRunConfig(str(folder), "train.py", ["--data", images])
    space = RandomParameterSampling({"--lr": uniform(0, 1)})
    sweep = HyperDriveConfig(space, "acc", "MAXIMIZE", 4, run_config=script)
    node = built([HyperDriveStep("h", sweep, inputs=[images])])["h"]
    assert node.run.arguments == ["--data", "$AZUREML_DATAREFERENCE_images"]
    assert [each.name for each in node.inputs] == ["images"]
    with pytest.raises(ValueError, match="leave one of them out"):
        HyperDriveStep("h", sweep, ["--more", 1])


def test_a_command_step_takes_a_script_run_config(folder, built):
    """With its command, folder, nodes and target; a parameter is one word of a shell's line."""
    script = ScriptRunConfig(
        str(folder),
        command=["python train.py --word", PipelineParameter("word", "a b")],
        compute_target="cluster",
        distributed_job_config=MpiConfiguration(node_count=2),
    )
    run = built([CommandStep(name="c", runconfig=script)])["c"].run
    assert run.command == ["/bin/sh", "-c", 'python train.py --word "$AML_PARAMETER_word"']
    assert (run.target, run.node_count, run.launcher.kind) == ("cluster", 2, "mpi")


def test_data_stands_within_a_text(step, built):
    """Configuration frameworks take `key=value`, in which v1's scripts write `arg_val`."""
    made = OutputFileDatasetConfig("made")
    first = step("first", arguments=[f"out={made.arg_val}"], outputs=[made])
    rows = made.as_input("rows")
    nodes = built([first, step("second", arguments=[f"in={rows.arg_val}"], inputs=[rows])])
    assert nodes["first"].run.arguments == ["out=${made}"]
    assert nodes["second"].run.arguments == ["in=${rows}"]


def test_places_and_references_become_each_other():
    """Old scripts take a DataPath, and how a job gets at it, from a DataReference."""
    reference = DataReference("store", "name", "a/b", mode="download", path_on_compute="here")
    assert DataPath.create_from_data_reference(reference).path_on_datastore == "a/b"
    binding = DataPathComputeBinding.create_from_data_reference(reference)
    assert (binding.mode, binding.path_on_compute) == ("download", "here")


def test_a_notebook_is_a_step(folder, step, built):
    """What it reads and makes are parameters of its own, beside those that have values."""
    (folder / "a.ipynb").write_text('{"cells": [], "metadata": {}}')
    config = NotebookRunConfig(
        str(folder),
        "a.ipynb",
        parameters={"rate": 0.1, "code": "007", "text": "a b", "number": "10"},
        handler=AzureMLNotebookHandler(timeout=600, progress_bar=False),
    )
    read, made = PipelineData("read"), PipelineData("made")
    last = NotebookRunnerStep(
        "notebook",
        config,
        compute_target="cluster",
        params={"day": PipelineParameter("today", "monday"), "k": 3},
        inputs=[read],
        outputs=[made],
        output_notebook_pipeline_data_name="result",
    )
    node = built([step("first", outputs=[read]), last])["notebook"]
    assert (node.run.script, node.run.target) == ("a.ipynb", "cluster")
    assert node.run.arguments == [
        "--runyard-result=$AZUREML_DATAREFERENCE_result/a.output.ipynb",
        "--runyard-cell-timeout=600",
        *("--rate=0.1", "--code=007", "--text=a b", "--number='10'"),
        *("--read", "$AZUREML_DATAREFERENCE_read", "--made", "$AZUREML_DATAREFERENCE_made"),
        *("--day", "$AML_PARAMETER_today", "--k=3"),
    ]
    assert [each.name for each in node.outputs] == ["made", "result"]
    with pytest.raises(ValueError, match="must be a NotebookRunConfig, not str"):
        NotebookRunnerStep("n", "a.ipynb", compute_target="cluster")
    with pytest.raises(Exception, match=r"must end in \.ipynb"):
        NotebookRunConfig(str(folder), "train.py")
    with pytest.raises(Exception, match="no option 'speed'"):
        AzureMLNotebookHandler(speed=2)
