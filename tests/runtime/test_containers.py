"""How the agent has an engine run a job's process."""

from pathlib import Path

import pytest

from runyard.protocol.containers import JobContainer
from runyard.runtime.containers import Containers
from runyard.runtime.folder import RunFolder
from runyard.runtime.job import Job
from runyard.runtime.managed_process import Plan

NAMES = ("workspace", "workspace_name", "subscription_id", "resource_group", "experiment_id")


def put_in(place: Path, variables: dict[str, str]) -> Plan:
    """The plan of a process with these variables, in a container."""
    plain = dict.fromkeys((*NAMES, "run", "url", "token"), "x") | {
        "spec": {},
        "files": [],
        "environment": {"interpreter": "/usr/bin/python3"},
        "run_folder": str(place),
        "light": str(place),
        "container": vars(JobContainer("podman", str(place), "base:1")),
    }
    job, folder = Job(plain), RunFolder(str(place))
    plan = Plan("script", ["true"], variables, str(place), str(place / "log"))
    return Containers(job, folder).put_in(plan, {})


def test_a_job_s_proxy_is_its_own_though_the_node_has_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by name alone, as it may have a password: the engine's program must have the job's."""
    monkeypatch.setenv("HTTPS_PROXY", "http://of-the-node:1")
    plan = put_in(tmp_path, {"HTTPS_PROXY": "http://ann:word@of-the-job:1"})
    assert plan.variables["HTTPS_PROXY"] == "http://ann:word@of-the-job:1"
    assert "HTTPS_PROXY" in plan.command
    assert not any("ann:word" in word for word in plan.command)


@pytest.mark.parametrize("name", ["PODMAN_USERNS", "DOCKER_DEFAULT_PLATFORM", "PATH"])
def test_a_job_s_variable_does_not_lead_the_engine(tmp_path: Path, name: str) -> None:
    """What the engine's own program would heed reaches the container, and not the program."""
    plan = put_in(tmp_path, {name: "of-the-job"})
    assert plan.variables.get(name) != "of-the-job"
    assert f"{name}=of-the-job" in plan.command
