"""What a script finds in its environment."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from runyard.protocol.jobs import JobEnvironment

SHOW = "import os, json; print(json.dumps(dict(os.environ)))"


def shown(room, **changes: Any):
    room.run(SHOW, **changes)
    return json.loads(room.service.driver_log)


def test_the_v1_variables_are_there(room):
    """Scripts and SDKs of the v1 generation find themselves by these."""
    found = shown(room)
    assert found["AZUREML_RUN_ID"] == room.run_id
    assert found["AZUREML_ARM_SUBSCRIPTION"] == "sub"
    assert found["AZUREML_ARM_RESOURCEGROUP"] == "group"
    assert found["AZUREML_ARM_WORKSPACE_NAME"] == "My workspace"
    assert found["AZUREML_ARM_PROJECT_NAME"] == "exp"
    assert found["AZUREML_EXPERIMENT_ID"] == "e-id"
    assert found["AZUREML_SERVICE_ENDPOINT"] == room.service.url
    assert found["AZUREML_RUN_TOKEN"]
    assert int(found["AZUREML_RUN_TOKEN_EXPIRY"]) > 1_700_000_000
    assert found["AZUREML_OUTPUT_DIRECTORY"] == "./outputs"
    assert found["AZUREML_TARGET_TYPE"] == "batchai"


def test_the_sdk_finds_its_spool_and_service(room):
    """What the SDK in the job needs to log without the network, and to reach the service."""
    found = shown(room)
    assert found["RUNYARD_RUN_ID"] == room.run_id
    assert found["RUNYARD_WORKSPACE"] == "w"
    assert found["RUNYARD_SPOOL"] == str(room.run_folder / "spool")
    assert Path(found["RUNYARD_SPOOL"]).is_dir()
    assert found["RUNYARD_CONNECTION_FILE"] == str(room.service.connection_file)
    assert found["RUNYARD_HOME"] == str(room.service.connection_file.parent)
    assert found["PYTHONUNBUFFERED"] == "1"


def test_the_light_half_comes_first(room):
    """The SDK of the service is imported, whatever else the user has on the path."""
    found = shown(room, variables={"PYTHONPATH": "/mine", "OMP_NUM_THREADS": "5"})
    startup, light, mine = found["PYTHONPATH"].split(os.pathsep)
    assert Path(startup) == Path(light) / "runyard" / "runtime" / "startup"
    assert (Path(light) / "runyard").is_dir()
    assert mine == "/mine"
    assert found["OMP_NUM_THREADS"] == "5"


def test_the_environments_programs_come_first(room, tmp_path):
    """`pip` or `mpirun` in a script is the environment's."""
    programs = tmp_path / "env" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (tmp_path / "env" / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n")
    given = JobEnvironment(str(programs / "python"), str(tmp_path / "env"))
    found = shown(room, environment=given)
    assert found["PATH"].split(os.pathsep)[0] == str(programs)
    assert found["VIRTUAL_ENV"] == str(tmp_path / "env")


def test_interpreters_learn_what_they_stand_for(room):
    """Where the lock says it, and nowhere else; the script of a job in the mode still starts."""
    told = "tensorflow==1.13.1 on tensorflow-cpu==2.21.0"
    lock = f"six==1.17.0\n# compatibility {told}\n"
    found = shown(room, environment=JobEnvironment(sys.executable, requirements=lock))
    assert (found["RUNYARD_COMPATIBILITY"], found["TF_USE_LEGACY_KERAS"]) == (told, "1")


def test_a_local_run_is_a_child_of_its_client(room):
    """Target `local` inherits the client's variables, but not another run's identity."""
    inherited = {"MINE": "1", "PATH": os.environ["PATH"], "RUNYARD_RUN_ID": "other"}
    inherited["AZUREML_DATAREFERENCE_theirs"] = "/theirs"
    (room.run_folder / "inherited.json").write_text(json.dumps(inherited))
    found = shown(room, target="local")
    assert found["MINE"] == "1"
    assert found["RUNYARD_RUN_ID"] == room.run_id
    assert found["AZUREML_TARGET_TYPE"] == "local"
    assert not {"HOME", "RUNYARD_COMPATIBILITY"} & set(found)
    assert "AZUREML_DATAREFERENCE_theirs" not in found


def test_a_cluster_run_inherits_nothing(room, monkeypatch):
    """What the service's owner has set for Python does not bend the jobs of a cluster."""
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("VIRTUAL_ENV", "/service/env")
    (room.run_folder / "inherited.json").write_text(json.dumps({"MINE": "1"}))
    found = shown(room)
    assert not {"MINE", "PYTHONWARNINGS", "VIRTUAL_ENV"} & set(found)


def test_a_part_of_the_machine_is_told_its_size(room, monkeypatch):
    """Numerical libraries on a node of one CPU do not start a thread per CPU of the machine."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    whole = os.cpu_count() or 1
    found = shown(room, cpus=1)
    assert found.get("OMP_NUM_THREADS") == ("1" if whole > 1 else None)
