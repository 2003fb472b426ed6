"""Errors look as v1 users know them, and errors of the service become them."""

import json
import pickle
import subprocess
import sys

import pytest

from runyard.protocol import errors
from runyard.sdk import exceptions
from runyard.sdk.v1 import envelopes


@pytest.fixture
def restored():
    """Puts back how errors are told."""
    before = exceptions.telling()
    yield
    exceptions.tell_by(before)


@pytest.fixture
def v1(restored):
    """A program that uses the v1 names."""
    envelopes.use()


@pytest.fixture
def native(restored):
    """A program that does not use the v1 names."""
    exceptions.tell_by(exceptions.Telling())


@pytest.mark.parametrize(
    ("line", "said"), [("import runyard", "x"), ("import azureml", "UserErrorException:")]
)
def test_the_names_that_a_program_imports_decide(line, said):
    """Nobody has to choose: v1 scripts import azureml, and native ones do not."""
    code = f"{line}; from runyard.sdk.exceptions import UserErrorException as e; print(e('x'))"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, text=True
    )
    assert done.stdout.splitlines()[0] == said


def test_an_error_is_a_plain_sentence(native):
    """Whoever uses the names of runyard alone reads what happened, and nothing around it."""
    error = exceptions.UserErrorException("the name is wrong", target="name")
    assert str(error) == error.message == "the name is wrong"
    assert repr(error) == "UserErrorException('the name is wrong')"


def test_an_error_has_a_message_and_the_several_lines_of_v1(v1):
    """Old code tests `.message`; people read `str`."""
    error = exceptions.UserErrorException("the name is wrong")
    assert error.message == "the name is wrong"
    lines = str(error).split("\n")
    assert lines[:3] == [
        "UserErrorException:",
        "\tMessage: the name is wrong",
        "\tInnerException None",
    ]
    assert json.loads("\n".join(lines[4:]))["error"]["code"] == "UserError"


FAILED = {
    "error": {
        "code": "UserError",
        "message": 'it failed: "x"',
        "logTail": "one\ntwo",
        "exitCode": 1,
    },
    "time": "t",
}


def test_a_failed_run_carries_its_error_as_json(v1):
    """Scripts parse the message of ActivityFailedException."""
    error = exceptions.ActivityFailedException({"error": {"message": "boom"}})
    assert json.loads(error.message) == {"error": {"message": "boom"}}
    error = pickle.loads(pickle.dumps(exceptions.ActivityFailedException(FAILED)))
    assert json.loads(error.message)["error"]["exitCode"] == 1
    assert "one" not in error.message


@pytest.mark.parametrize("given", [FAILED, json.dumps(FAILED)])
def test_a_failed_run_says_each_thing_once(native, given):
    """The sentence first, the end of the log last and as it was, nothing twice or escaped."""
    error = exceptions.ActivityFailedException(given)
    assert str(error) == 'it failed: "x"\n\nThe end of its log:\n\none\ntwo'
    assert error.message == 'it failed: "x"'
    assert str(exceptions.ActivityFailedException("no JSON")) == "no JSON"


def test_under_v1_names_the_sentence_comes_first_and_once(v1):
    """What v1 users see begins as they know it, with the reason and not with JSON."""
    lines = str(exceptions.ActivityFailedException(FAILED)).split("\n")
    assert lines[:2] == ["ActivityFailedException:", '\tMessage: it failed: "x"']
    assert lines[-2:] == ["one", "two"]
    assert sum("it failed" in line for line in lines) == 1


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (errors.ModelNotFound("no model x"), exceptions.WebserviceException),
        (errors.ComputeNotFound("no target x"), exceptions.ComputeTargetException),
        (errors.WorkspaceNotFound("no"), exceptions.WorkspaceException),
        (errors.WrongName("no"), exceptions.UserErrorException),
        (errors.Unauthenticated("no"), exceptions.AuthenticationException),
        (errors.ServiceUnreachable("no"), exceptions.ServiceException),
        (errors.StorageFull("no"), exceptions.ServiceException),
    ],
)
def test_errors_of_the_service_become_those_that_users_catch(raised, expected):
    """`except WebserviceException` around Model(...) is in every second notebook."""
    with pytest.raises(expected) as caught, exceptions.translated():
        raise raised
    assert caught.value.inner_exception is raised
    assert raised.message in caught.value.message


def test_what_is_missing_begins_as_in_v1():
    """Notebooks look for these words."""
    found = exceptions.from_service(errors.ModelNotFound("no model x"))
    assert found.message.startswith("ModelNotFound")
    found = exceptions.from_service(errors.ComputeNotFound("no target x"))
    assert found.message.startswith("ComputeTargetNotFound")


def test_what_is_not_offered_yet_says_what_to_use():
    """Never a silent no-op, never a bare NotImplementedError."""
    error = exceptions.NotOfferedYet("Model.deploy", "Model.download")
    assert error.message == "not offered yet: Model.deploy; use Model.download"
    assert isinstance(error, NotImplementedError)
