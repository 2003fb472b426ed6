"""`ScriptRunConfig` and `RunConfiguration`: what is set is what is sent."""

from __future__ import annotations

import pytest

from runyard.protocol.codec import decode, encode
from runyard.protocol.runs import RunSpec
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import NotOfferedYet, TrainingException, UserErrorException
from runyard.sdk.launchers import MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration
from runyard.sdk.v1.runconfig import (
    DataReferenceConfiguration,
    DockerConfiguration,
    RunConfiguration,
)
from runyard.sdk.v1.scripts import ScriptRunConfig


def spec_of(config, experiment):
    return config._submission(experiment).spec


def test_defaults(folder, experiment):
    """Script train.py, target local, 30 days."""
    spec = spec_of(ScriptRunConfig(str(folder)), experiment)
    assert (spec.script, spec.target, spec.node_count) == ("train.py", "local", 1)
    assert spec.max_duration_seconds == 2592000
    assert spec.launcher.kind == "single"


def test_the_spec_survives_the_wire(folder, experiment, datastore):
    """What the SDK makes, the service can read."""
    config = ScriptRunConfig(
        str(folder), arguments=["--data", datastore.path("x").as_download("d")], compute_target="c"
    )
    spec = spec_of(config, experiment)
    assert decode(RunSpec, encode(spec)) == spec
    assert set(spec.definition) >= {
        "script", "arguments", "sourceDirectoryDataStore", "framework", "communicator", "target",
        "dataReferences", "jobName", "maxRunDurationSeconds", "nodeCount", "environment", "history",
        "spark", "amlCompute", "tensorflow", "mpi", "hdi", "containerInstance", "exposedPorts",
    }  # fmt: skip


def test_run_config_is_used_and_may_be_set_later(folder, experiment):
    """`src.run_config.target = …` after construction is the 2019 way."""
    run_config = RunConfiguration()
    src = ScriptRunConfig(source_directory=str(folder), script="train.py", run_config=run_config)
    src.run_config.target = "cpu"
    src.run_config.environment = Environment("mine")
    spec = spec_of(src, experiment)
    assert (spec.target, spec.environment.name) == ("cpu", "mine")


def test_later_arguments_beside_run_config_are_ignored_with_a_warning(folder, experiment):
    """As in v1; the warning says where to set them."""
    with pytest.warns(UserWarning, match="set them on run_config"):
        src = ScriptRunConfig(str(folder), run_config=RunConfiguration(), compute_target="cpu")
    assert spec_of(src, experiment).target == "local"


def test_priority_is_what_the_queue_goes_by(folder, experiment):
    """v1's setting is no decoration: it is sent, and what is no whole number is refused before."""
    src = ScriptRunConfig(str(folder))
    assert spec_of(src, experiment).priority == 0
    src.run_config.priority = 5
    assert spec_of(src, experiment).priority == 5
    src.run_config.priority = "high"
    with pytest.raises(UserErrorException, match="give a whole number"):
        spec_of(src, experiment)


def test_target_takes_names_and_objects():
    """Both ways are in public notebooks."""

    class Target:
        name = "gpu"

    config = RunConfiguration()
    config.target = Target()
    assert config.target == "gpu"
    with pytest.raises(UserErrorException, match="compute target"):
        config.target = 5


def test_data_references_of_the_configuration(folder, experiment):
    """run_config.data_references = {name: DataReferenceConfiguration}."""
    config = RunConfiguration()
    config.data_references = {
        "d": DataReferenceConfiguration("workspaceblobstore", "download", "p", "here")
    }
    spec = spec_of(ScriptRunConfig(str(folder), run_config=config), experiment)
    reference = spec.data[0]
    assert (reference.name, reference.mode, reference.path_on_compute) == ("d", "download", "here")
    assert spec.definition["dataReferences"]["d"]["pathOnDataStore"] == "p"


@pytest.mark.parametrize(
    ("distributed", "kind", "nodes"),
    [
        (MpiConfiguration(process_count_per_node=2, node_count=3), "mpi", 3),
        (TensorflowConfiguration(worker_count=2, parameter_server_count=1), "parameter_server", 2),
        (PyTorchConfiguration("Nccl", 4, 2), "torch", 2),
    ],
)
def test_distributed_settings_give_nodes(folder, experiment, distributed, kind, nodes):
    """With ScriptRunConfig the nodes come from the setting."""
    config = ScriptRunConfig(str(folder), compute_target="c", distributed_job_config=distributed)
    spec = spec_of(config, experiment)
    assert (spec.launcher.kind, spec.node_count) == (kind, nodes)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"node_count": 2}, TrainingException, "nothing says how the nodes work together"),
        ({"communicator": "Smoke"}, UserErrorException, "it is None, IntelMpi"),
        ({"framework": "PySpark"}, NotOfferedYet, "PySpark"),
        ({"target": "amlcompute"}, UserErrorException, "needs a size"),
        ({"max_run_duration_seconds": 0}, TrainingException, "at least 1"),
    ],
)
def test_bad_configurations_are_refused(folder, experiment, change, error, said):
    """Each with a message that says what to do."""
    config = RunConfiguration()
    for name, value in change.items():
        setattr(config, name, value)
    with pytest.raises(error) as caught:
        spec_of(ScriptRunConfig(str(folder), run_config=config), experiment)
    assert said in caught.value.message


def test_uneven_processes_are_refused(folder, experiment):
    """Processes of torch must divide over the nodes."""
    config = ScriptRunConfig(
        str(folder), compute_target="c", distributed_job_config=PyTorchConfiguration("Gloo", 3, 2)
    )
    with pytest.raises(TrainingException, match="multiple of 2"):
        spec_of(config, experiment)


def test_arguments_must_be_a_list(folder, experiment):
    """A text would be split into letters."""
    with pytest.raises(UserErrorException, match="must be a list"):
        spec_of(ScriptRunConfig(str(folder), arguments="--a 1"), experiment)  # type: ignore[arg-type]  # the slip under test


def test_one_name_for_two_places_is_refused(folder, experiment, datastore):
    """The job could see only one of them."""
    both = [datastore.path("a", "d").as_mount(), datastore.path("b", "d").as_mount()]
    with pytest.raises(UserErrorException, match="stands for two places"):
        spec_of(ScriptRunConfig(str(folder), arguments=both), experiment)


def test_commands_need_no_script(folder, experiment):
    """A text goes through the shell, a list of plain words does not."""
    text = spec_of(ScriptRunConfig(str(folder), command="echo $A"), experiment)
    parts = spec_of(ScriptRunConfig(str(folder), command=["python", "-V"]), experiment)
    assert text.command == ["/bin/sh", "-c", "echo $A"]
    assert parts.command == ["python", "-V"]
    with pytest.raises(UserErrorException, match="either command"):
        ScriptRunConfig(str(folder), script="train.py", command="x")


@pytest.mark.parametrize(
    "line",
    [
        "export A=$PWD && python x.py",
        "A=1 python x.py",
        "cd src",
        "python x.py; ls",
        "python x.py 2>&1 | tee log",
        "ls -l $(which sh)",
    ],
)
def test_a_line_that_was_cut_into_words_is_a_shells(folder, experiment, line):
    """v1 joined the words of a list, and its users give `"…".split()`, or half a line as one."""
    for given in (line.split(), [line + " ;", "--n", 3]):
        command = spec_of(ScriptRunConfig(str(folder), command=given), experiment).command
        assert command == ["/bin/sh", "-c", " ".join(str(each) for each in given)]


@pytest.mark.parametrize("words", [["python", "-c", "x = 1; print(x)"], ["ls", "-l", "a b"]])
def test_words_that_say_nothing_to_a_shell_stay_words(folder, experiment, words):
    """What is one word with a blank in it stays one."""
    assert spec_of(ScriptRunConfig(str(folder), command=words), experiment).command == words


def test_data_is_one_word_of_a_shells_line(folder, experiment, datastore):
    """Its path may have blanks."""
    given = ["python train.py --data", datastore.path("a", "d").as_mount(), "--n", 3]
    spec = spec_of(ScriptRunConfig(str(folder), command=given), experiment)
    assert spec.command[2] == 'python train.py --data "$AZUREML_DATAREFERENCE_d" --n 3'
    assert [each.name for each in spec.data] == ["d"]


def test_scripts_may_lie_deeper(folder, experiment):
    """Paths are kept with forward slashes; a near name is offered from anywhere below."""
    (folder / "src").mkdir()
    (folder / "src" / "main.py").write_text("")
    assert (
        spec_of(ScriptRunConfig(str(folder), "./src/main.py"), experiment).script == "src/main.py"
    )
    with pytest.raises(UserErrorException, match=r"src/main\.py"):
        spec_of(ScriptRunConfig(str(folder), "src/mian.py"), experiment)


def test_a_run_configuration_has_a_docker_section_to_set(folder, experiment):
    """`run_config.docker.use_docker = True` is how v1's later samples asked for a container."""
    config = ScriptRunConfig(str(folder))
    config.run_config.environment.docker.enabled = True
    config.run_config.docker.shm_size = "8g"
    assert spec_of(config, experiment).container is not None
    config.run_config.docker.use_docker = False
    assert spec_of(config, experiment).container is None
    config.run_config.docker.use_docker = True
    assert spec_of(config, experiment).container.shared_memory == "8g"


def test_a_container_is_asked_for_as_the_run_or_its_environment_says(folder, experiment, tmp_path):
    """The run's own section decides; v1's images are no one's wish, a Dockerfile is read."""
    assert spec_of(ScriptRunConfig(str(folder)), experiment).container is None
    config = ScriptRunConfig(
        str(folder), docker_runtime_config=DockerConfiguration(use_docker=True)
    )
    own = spec_of(config, experiment).container
    assert (own.image, own.shared_memory) == ("", "2g")
    docker = config.run_config.environment.docker
    docker.base_image, docker.arguments = "mine:1", ["--cpus", 2]
    assert spec_of(config, experiment).container.image == "mine:1"
    config.run_config.docker = None
    assert spec_of(config, experiment).container is None
    docker.enabled = True
    assert spec_of(config, experiment).container.arguments == ["--cpus", "2"]
    docker.base_dockerfile = str(tmp_path / "Dockerfile")
    with pytest.raises(UserErrorException, match="base_image = None"):
        spec_of(config, experiment)
    docker.base_image = None
    with pytest.raises(UserErrorException, match="neither the text"):
        spec_of(config, experiment)
    (tmp_path / "Dockerfile").write_text("FROM base\n")
    found = spec_of(config, experiment).container
    assert (found.image, found.dockerfile) == ("", "FROM base\n")
