"""Errors look as v1 users know them, and errors of the service become them."""

import json

import pytest

from runyard.protocol import errors
from runyard.sdk import exceptions


def test_an_error_has_a_message_and_the_several_lines_of_v1():
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


def test_a_failed_run_carries_its_error_as_json():
    """Scripts parse the message of ActivityFailedException."""
    error = exceptions.ActivityFailedException({"error": {"message": "boom"}})
    assert json.loads(error.message) == {"error": {"message": "boom"}}


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
