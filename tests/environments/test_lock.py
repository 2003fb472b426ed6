"""From a definition to exact versions, by the real resolver on packages made here."""

import re
import sys

import pytest

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import EnvironmentFailed
from runyard_server.environments import IndexUnreachable

OWN = "{}.{}.{}".format(*sys.version_info[:3])


def test_a_lock_pins_what_was_not_asked_for_too(room):
    """Dependencies are in the lock with their version and a hash, for the service's own Python."""
    lock = room.lock(room.definition("beta"))
    assert "beta==1.0" in lock.requirements
    assert "alpha==1.0" in lock.requirements
    assert lock.requirements.count("--hash=sha256:") == 2
    assert lock.python == OWN


def test_pips_own_constraints_count(room, tmp_path, monkeypatch):
    """The installer heeds them, so a lock that does not could not be installed."""
    (tmp_path / "constraints.txt").write_text("alpha<2\n")
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "constraints.txt"))
    assert "alpha==1.0" in room.lock(room.definition("alpha")).requirements


def test_versions_for_other_pythons_may_stand_beside_the_one(room):
    """As in locks for all systems: the files of the version that counts are compared."""
    lines = room.lock(room.definition("alpha==1.0")).requirements.splitlines()
    own = next(line for line in lines if "--hash" in line).strip()
    other = f"alpha==2.0 ; python_version < '3.8' --hash=sha256:{'0' * 64}"
    lock = room.lock(room.definition(f"alpha==1.0 ; python_version >= '3.8' {own}", other))
    assert "alpha==1.0" in lock.requirements
    assert own in lock.requirements


def test_hashes_that_are_asked_for_are_those_of_the_lock(room):
    """Who names the file that was looked at gets that file or an error, never another one."""
    known = re.search(r"--hash=(\S+)", room.lock(room.definition("alpha==1.0")).requirements)[1]
    wrong = "sha256:" + "0" * 64
    lock = room.lock(room.definition(f"alpha==1.0 --hash={wrong} --hash={known}", "beta"))
    assert f"alpha==1.0 \\\n    --hash={known}\n" in lock.requirements
    assert wrong not in lock.requirements
    with pytest.raises(EnvironmentFailed, match=r"alpha==1\.0 has other files .* than those whose"):
        room.lock(room.definition(f"alpha==1.0 --hash={wrong}"))


def test_equal_definitions_have_one_lock(room):
    """The digest is that of the outcome, so that two ways to say the same share an environment."""
    one = room.lock(room.definition("alpha==1.0", "beta"))
    two = room.lock(room.definition("beta", "alpha<2"))
    assert one.digest == two.digest
    assert one.requirements == two.requirements


def test_a_requirement_that_cannot_be_resolved_tells_the_resolvers_reason(room):
    """The error and the last line of the log say which requirement, and why."""
    with pytest.raises(EnvironmentFailed, match=r"alpha==9\.0") as failed:
        room.lock(room.definition("alpha==9.0"))
    assert room.lines[-1] == f"error: {failed.value.message}"


def test_contradicting_requirements_are_told(room):
    """What stands against what is in the message."""
    with pytest.raises(EnvironmentFailed, match=r"(?s)beta.*alpha|alpha.*beta"):
        room.lock(room.definition("beta", "alpha==2.0"))


def test_a_python_that_is_not_here_lists_those_that_are(room):
    """The message names the version asked for, those found, and what TensorFlow they can run."""
    with pytest.raises(EnvironmentFailed, match=r"no Python 3\.4 ") as failed:
        room.lock(room.definition("alpha", python="3.4"))
    assert OWN in failed.value.message
    assert "TensorFlow" in failed.value.message
    assert room.lines[-1].endswith(failed.value.message)


def test_an_index_that_does_not_answer_is_a_temporary_error(room, monkeypatch):
    """A network that is down is no fault of the user's requirements."""
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    definition = EnvironmentDefinition(pip=["alpha"], index_url="http://127.0.0.1:9/simple")
    with pytest.raises(IndexUnreachable, match="does not answer"):
        room.lock(definition)


def test_secrets_of_an_index_are_not_told(room, monkeypatch):
    """User names and passwords in an index's address stay out of errors and logs."""
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    index = "http://user:geheim@127.0.0.1:9/simple"
    with pytest.raises(IndexUnreachable) as failed:
        room.lock(EnvironmentDefinition(pip=["alpha"], index_url=index))
    assert "geheim" not in failed.value.message + "".join(room.lines)


def test_the_sdk_of_the_hosted_service_is_left_out_with_a_note(room):
    """azureml-* in a list of packages does no harm, and the log says that it was passed over."""
    lock = room.lock(room.definition("alpha", "azureml-defaults", "azureml.core==1.0.57"))
    assert "azureml" not in lock.requirements
    assert any("azureml-defaults" in line for line in room.lines)


def test_the_log_says_why_an_environment_is_new(room):
    """Against the nearest one made before, the log names what is different."""
    room.lock(room.definition("alpha==1.0", "beta"))
    room.lines.clear()
    room.lock(room.definition("alpha<2", "beta"))
    told = "\n".join(room.lines)
    assert "without alpha==1.0" in told
    assert "with alpha<2" in told


def test_no_packages_need_no_resolver(room):
    """An environment without packages can be made without a network."""
    lock = room.lock(EnvironmentDefinition())
    assert lock.requirements == ""
    assert lock.python == OWN


def test_an_interpreter_used_as_it_is(room):
    """A user-managed interpreter is found, asked for its version, and nothing is installed."""
    lock = room.lock(EnvironmentDefinition(user_managed=True, interpreter=sys.executable))
    environment = room.environments.realised(lock)
    assert environment.interpreter == sys.executable
    assert environment.folder == ""
    assert lock.python == OWN


def test_an_interpreter_that_is_nowhere(room):
    """The message names it and says what to give instead."""
    with pytest.raises(EnvironmentFailed, match=r"'pythn'.*full path"):
        room.lock(EnvironmentDefinition(user_managed=True, interpreter="pythn"))


def test_the_path_of_an_interpreter_that_is_elsewhere(room):
    """A client of another machine is told whose Python was meant, before anything starts."""
    with pytest.raises(EnvironmentFailed, match=r"'/opt/else/python'.*the Python that submits"):
        room.lock(EnvironmentDefinition(user_managed=True, interpreter="/opt/else/python"))


def test_a_program_that_is_no_python(room):
    """A path to something else is refused before a job fails on it."""
    with pytest.raises(EnvironmentFailed, match="does not run as Python"):
        room.lock(EnvironmentDefinition(user_managed=True, interpreter="/bin/ls"))
