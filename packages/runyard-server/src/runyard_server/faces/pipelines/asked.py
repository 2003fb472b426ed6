"""A submission as v1's programs write it, in our own words.

Keys are read without regard to case, as v1 did: its own documents write `ExperimentName` and
`experimentName`. Keys that say nothing here are passed over.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.published_pipelines import SubmitPublished

_SHOWN = 80
Fields = Mapping[str, Any]


def submission(body: bytes, run: str | None) -> SubmitPublished:
    """What a body asks for.

    Args:
        body: The body; nothing is asked for by an empty one, which names no experiment.
        run: The run whose token came, None for a person's.

    Raises:
        InvalidRequest: It is no JSON object, names no experiment, or has a value of a wrong kind.
    """
    fields = _object(_decoded(body), "the body")
    experiment = fields.get("experimentname")
    if not isinstance(experiment, str) or not experiment:
        raise InvalidRequest('ExperimentName is missing; send {"ExperimentName": "name", …}')
    goes_on = fields.get("continuerunonstepfailure")
    return SubmitPublished(
        experiment=experiment,
        values=_values(fields),
        continue_on_failure=goes_on if isinstance(goes_on, bool) else None,
        source=_text(fields, "runsource") or _text(fields, "runtype") or "REST",
        description=_text(fields, "description"),
        tags=dict(_texts(fields, "tags")),
        step_tags=dict(_texts(fields, "steptags")),
        properties=_texts(fields, "properties"),
        parent=_text(fields, "parentrunid") or None,
        submitted_from=run,
    )


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body or b"{}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("the body is no JSON") from None


def _object(value: Any, what: str) -> Fields:
    if not isinstance(value, dict):
        raise InvalidRequest(f"{what} must be a JSON object")
    return {name.lower(): each for name, each in value.items()}


def _named(fields: Fields, key: str) -> Fields:
    """An object whose keys are names, so their case counts."""
    value = fields.get(key.lower())
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest(f"{key} must be a JSON object")
    return value


def _text(fields: Fields, key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def _texts(fields: Fields, key: str) -> dict[str, str]:
    found = _named(fields, key)
    return {name: "" if value is None else str(value) for name, value in found.items()}


def _values(fields: Fields) -> dict[str, Any]:
    values = dict(_named(fields, "ParameterAssignments"))
    for name, value in values.items():
        if isinstance(value, list | dict) or value is None:
            raise InvalidRequest(
                f"ParameterAssignments: {name[:_SHOWN]!r} must be a text or a number"
            )
    for name, value in _named(fields, "DataPathAssignments").items():
        path = _object(value, f"DataPathAssignments: {name[:_SHOWN]!r}")
        values[name] = {
            "datastore": _text(path, "datastorename"),
            "path": _text(path, "relativepath"),
        }
    for name, value in _named(fields, "DataSetDefinitionValueAssignments").items():
        values[name] = _dataset(name, value)
    return values


def _dataset(name: str, value: Any) -> str:
    """What names a dataset here: its id, or `name:version`."""
    what = f"DataSetDefinitionValueAssignments: {name[:_SHOWN]!r}"
    given = _object(value, what)
    saved = _object(given.get("saveddatasetreference") or {}, what)
    if _text(saved, "id"):
        return _text(saved, "id")
    reference = _object(given.get("datasetreference") or {}, what)
    if not _text(reference, "name"):
        raise InvalidRequest(
            f'{what} must be {{"SavedDataSetReference": {{"Id": …}}}} or {{"DataSetReference": '
            '{"Name": …, "Version": …}}'
        )
    version = reference.get("version")
    return _text(reference, "name") + ("" if version in (None, "") else f":{version}")
