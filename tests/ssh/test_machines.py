"""What settings name, what ssh says, and which machine a node of a run is given."""

import time
from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard_server.compute import registry
from runyard_server.compute.ssh import assignments, faults, machines
from runyard_server.compute.ssh.assignments import Assignments
from runyard_server.compute.ssh.machines import Machine
from runyard_server.testing.backend_contract import context_in


def test_machines_stand_in_a_list_a_text_or_a_file(tmp_path: Path) -> None:
    """Each is named once; what one does not say of itself the site's options say."""
    file = tmp_path / "hosts"
    file.write_text("# ours\ngpu1\n\nada@gpu2:2222  # the large one\ngpu1\n")
    wanted = [Machine("gpu1", "bob", 22), Machine("gpu2", "ada", 2222)]
    for given in (["gpu1", "ada@gpu2:2222"], "gpu1, ada@gpu2:2222", str(file)):
        assert machines.read(machines.words(given), "bob", 22) == wanted
    assert machines.read(["[::1]:22"], "", 0) == [Machine("[::1]", "", 22)]


@pytest.mark.parametrize("given", ["-oProxyCommand=x", "a b@c d", "gpu1:99999", "", []])
def test_what_is_no_machine_is_refused(given: str | list[str]) -> None:
    """Nothing that ssh would take for an option, and no empty site."""
    with pytest.raises(InvalidRequest, match="hosts"):
        machines.read([given] if given == "a b@c d" else machines.words(given), "", 0)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(InvalidRequest, match=r"/nowhere, which cannot be read"):
        machines.words(f"{tmp_path}/nowhere")


def test_a_machine_may_be_named_in_one_word(tmp_path: Path) -> None:
    """`--site ssh=gpu1` is enough, and one more where the settings name others."""
    for more, count in (({}, 1), ({"hosts": ["gpu2"]}, 2)):
        backend = registry.make("ssh", context_in(tmp_path), {"address": "ada@gpu1:2222", **more})
        assert backend.capabilities().max_nodes == count
        backend.close()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("No ED25519 host key is known for gpu1\nHost key verification failed.", "is not known"),
        ("@@@\nWARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\n@@@", "ssh-keygen -R '[gpu1]:99'"),
        ("ada@gpu1: Permission denied (publickey).", "authorized_keys"),
        ("ssh: connect to host gpu1 port 99: No route to host", "is the machine on"),
        ("ssh: connect to host gpu1 port 99: Connection refused", "and is 99 its port?"),
        ("ssh: connect to host gpu1 port 99: Connection refused", "try `ssh -p 99 ada@gpu1 true`"),
        ("Error: remote port forwarding failed for listen port 2", "`tunnel_port` of the site"),
        ("", "ssh said nothing"),
    ],
)
def test_what_ssh_says_becomes_a_reason(said: str, told: str) -> None:
    """Each fault is told of its machine, and with what to do where there is something."""
    found = faults.told(Machine("gpu1", "ada", 99), said, "/etc/known")
    assert told in found
    assert "ada@gpu1:99" in found


def test_a_machine_is_given_once_and_the_same_one_again(tmp_path: Path) -> None:
    """Also by the next service, until its agent has ended."""
    first = Assignments(tmp_path)
    names = ["a", "b"]

    def free(held: set[str]) -> list[str]:
        return [name for name in names if name not in held]

    given = first.give("run", "0-1", "w/c", free)
    other = first.give("run", "1-1", "w/c", free)
    assert given is not None
    assert other is not None
    assert (given.machine, other.machine) == ("a", "b")
    assert first.give("late", "0-1", "w/d", free) is None
    first.asked("run", "0-1")
    first.launched("run", "0-1", "handle")
    again = Assignments(tmp_path)
    assert [each.machine for each in again.holding()] == ["a", "b"]
    assert again.give("run", "0-1", "w/c", free) == again.of("run", "0-1")
    again.ended("handle")
    late = again.give("late", "0-1", "w/d", free)
    assert late is not None
    assert late.machine == "a"


def test_only_a_machine_that_was_never_asked_is_taken_back(tmp_path: Path) -> None:
    """One that was asked may have started the agent, whatever became of the answer."""
    found = Assignments(tmp_path)
    for run in ("early", "late"):
        found.give(run, "0-1", "w/c", lambda _held: ["a"])
    found.asked("late", "0-1")
    for run in ("early", "late"):
        found.take_back(run, "0-1")
    assert (found.of("early", "0-1"), found.of("late", "0-1") is None) == (None, False)


def test_a_launch_that_never_came_to_be_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that was killed in between, and a run that was canceled then, cost no machine."""
    found = Assignments(tmp_path)
    found.give("run", "0-1", "w/c", lambda _held: ["a"])
    assert found.holding() != []
    later = time.time() + assignments._LAUNCH_SECONDS + 1
    monkeypatch.setattr(assignments.time, "time", lambda: later)
    assert found.holding() == []
