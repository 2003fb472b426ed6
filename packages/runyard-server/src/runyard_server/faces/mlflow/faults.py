"""Errors as MLflow's client reads them: a status, and a code by name with a message."""

import re
from collections.abc import Mapping
from typing import Any

from runyard.protocol.errors import (
    AlreadyExists,
    Conflict,
    ExperimentNotFound,
    Forbidden,
    InternalError,
    InvalidRequest,
    ModelNotFound,
    NotFound,
    RunNotFound,
    RunyardError,
    StorageFull,
    TemporaryError,
    Unauthenticated,
    WrongName,
)

# The first that fits. Statuses are MLflow's: its client tries 5xx again for minutes, so what would
# be refused again and again must be none.
_CODES: tuple[tuple[type[RunyardError], str, int | None], ...] = (
    (AlreadyExists, "RESOURCE_ALREADY_EXISTS", 400),
    (Conflict, "INVALID_PARAMETER_VALUE", 400),
    (InvalidRequest, "INVALID_PARAMETER_VALUE", None),
    (NotFound, "RESOURCE_DOES_NOT_EXIST", 404),
    (Unauthenticated, "UNAUTHENTICATED", 401),
    (Forbidden, "PERMISSION_DENIED", 403),
    (TemporaryError, "TEMPORARILY_UNAVAILABLE", None),
    (StorageFull, "RESOURCE_EXHAUSTED", None),
    (InternalError, "INTERNAL_ERROR", 500),
)


_LONGEST = 200
_WRITTEN_ONCE = "Changing param values is not allowed."
# What programs look for in a message, by the kind of error and the row; the first whose fields were
# all sent.
_BEGINNINGS: tuple[tuple[type[RunyardError], str, str], ...] = (
    (RunNotFound, "", "Run with id={run_id} not found"),
    (RunNotFound, "", "Run with id={run_uuid} not found"),
    (ExperimentNotFound, "", "No Experiment with id={experiment_id} exists"),
    (ModelNotFound, "", "Model Version (name={name}, version={version}) not found"),
    (ModelNotFound, "", "Registered Model with name={name} not found"),
    (NotFound, "values.delete_tag", "No tag with name: {key} in run with id {run_id}"),
    (
        NotFound,
        "experiments.delete_tag",
        "No tag with name: {key} in experiment with id {experiment_id}",
    ),
    # What is wrong is the name that it was to have, not the one that it has.
    (AlreadyExists, "registered.rename", "Registered Model (name={new_name}) already exists"),
    (WrongName, "registered.set_alias", "Invalid alias name: '{alias}'"),
    (AlreadyExists, "experiments.", "Experiment(name={name}) already exists"),
    (Conflict, "values.log_param", f"{_WRITTEN_ONCE} Param with key='{{key}}' was already logged"),
    (Conflict, "values.log_batch", f"{_WRITTEN_ONCE} Params were already logged"),
    (
        NotFound,
        "logged_models.delete_tag",
        "No tag with key '{tag}' found for model with ID '{model}'",
    ),
    (NotFound, "logged_models.", "Logged model with ID '{model}' not found"),
)


class NotOffered(RunyardError):
    """MLflow has it, and this service has not; its message is what MLflow's client looks for."""

    code, status = "not_implemented", 501


class UnknownEndpoint(NotFound):
    """Nothing is at an address below the face's own."""

    code = "unknown_endpoint"


def begun(error: RunyardError, row: str, fields: Mapping[str, Any]) -> RunyardError:
    """An error that begins with the words by which programs know what MLflow's server refuses.

    Args:
        error: What was raised.
        row: The row that was asked for: `noun.verb`.
        fields: What was sent, and what the address names.
    """
    for kind, noun, words in _BEGINNINGS:
        given = {name: _text(fields, name) for name in re.findall(r"{(\w+)}", words)}
        if isinstance(error, kind) and row.startswith(noun) and all(given.values()):
            return type(error)(f"{words.format(**given)}: {error.message}", error.details)
    return error


def of_token(error: InvalidRequest) -> InvalidRequest:
    """A refusal that begins with MLflow's words where it is one of a page token."""
    if error.details.get("parameter") != "page_token":
        return error
    return InvalidRequest(f"Invalid page token, could not base64-decode: {error.message}")


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    value = value[0] if isinstance(value, list) and value else value
    return str(value)[:_LONGEST] if isinstance(value, str | int) else ""


def told(error: RunyardError) -> tuple[int, str]:
    """The status and the name of MLflow's code for an error."""
    if isinstance(error, NotOffered):
        return error.status, "NOT_IMPLEMENTED"
    if isinstance(error, UnknownEndpoint):
        return error.status, "ENDPOINT_NOT_FOUND"
    for kind, code, status in _CODES:
        if isinstance(error, kind):
            return (error.status if status is None else status), code
    return error.status, "INTERNAL_ERROR"
