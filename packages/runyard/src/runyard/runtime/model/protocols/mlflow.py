"""MLflow's `/invocations`.

    {"dataframe_split": {"columns", "index", "data"}}  {"dataframe_records": [{...}]}
    {"instances": ...}  {"inputs": ...}  each with "params" or without, or text/csv
                                                    → {"predictions": [...]}

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally is what is followed here. To a
model with one input the rows of a data frame are one array; to one with several, its columns.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional

from runyard.runtime.model.protocols import arrays
from runyard.runtime.model.protocols.binding import (
    JSON_TYPE,
    Request,
    Target,
    encode,
    fields,
    plain,
    results,
    row_count,
    target,
)
from runyard.runtime.model.protocols.rows import (
    columns_of,
    from_inputs,
    from_instances,
    to_instances,
)
from runyard.runtime.model.served import Flavor, Refused, Reply

if TYPE_CHECKING:
    from runyard.protocol.frames import Call

CSV_TYPE = "text/csv"
_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_PARAMS = "params"
_UNSUPPORTED_TYPE = 415


class Table(NamedTuple):
    """A data frame; without `columns` they have no names."""

    columns: Optional[List[str]]
    rows: List[Any]


class InvocationRequest(Request):
    """A request to `/invocations`."""

    def write(self, outputs: Dict[str, Any]) -> Reply:
        """Write `predictions`: rows, objects where there are several outputs."""
        given = results(outputs)
        try:
            rows: Any = to_instances(given)
        except ValueError:
            rows = next(iter(given.values())) if len(given) == 1 else given
        return encode({"predictions": plain(rows)}, rows=self.rows)


def read(call: Call, body: bytes, flavor: Flavor) -> Request:
    """Read a request to `/invocations`.

    Args:
        call: What the gateway tells of it.
        body: Its body.
        flavor: That will answer.

    Raises:
        Refused: It is not what MLflow says, or does not fit the model.
    """
    aimed = target(flavor, call.signature)
    content_type, _, parameters = call.headers.get("content-type", "").lower().partition(";")
    content_type, charset = content_type.strip(), parameters.partition("charset=")[2]
    if charset.strip(' "') not in ("", "utf-8", "utf8", "us-ascii"):
        raise Refused(f"charset {charset}: send UTF-8", _UNSUPPORTED_TYPE)
    if content_type == CSV_TYPE:
        return _request(_frame(_read_csv(body), aimed), {})
    if content_type != JSON_TYPE:
        raise Refused(
            f"content type {content_type or 'none'!r}: send {JSON_TYPE} or {CSV_TYPE}",
            _UNSUPPORTED_TYPE,
        )
    asked = fields(body)
    forms = [key for key in _FORMS if key in asked]
    unknown = [key for key in asked if key not in (*_FORMS, _PARAMS, "signature_name")]
    if len(forms) != 1 or unknown:
        told = f", not {', '.join(map(repr, unknown or forms))}" if unknown or forms else ""
        raise Refused(f"send exactly one of {', '.join(_FORMS)}, and params or none{told}")
    given = asked.get(_PARAMS) or {}
    if not isinstance(given, dict):
        raise Refused("'params' must be an object")
    inputs = _inputs(forms[0], asked[forms[0]], aimed)
    if given and not aimed.takes_arrays:
        arguments = {name: given[name] for name in aimed.names() if name in given}
        inputs = {_PARAMS: given, **arguments, **inputs}
    return _request(inputs, given)


def _request(inputs: Dict[str, Any], parameters: Dict[str, Any]) -> Request:
    rows = row_count([value for name, value in inputs.items() if name != _PARAMS])
    return InvocationRequest(inputs, parameters=parameters, rows=rows)


def _inputs(form: str, value: Any, aimed: Target) -> Dict[str, Any]:
    if form == "instances":
        return from_instances(value, aimed)
    if form == "inputs":
        return from_inputs(value, aimed)
    if form == "dataframe_split":
        return _frame(_split(value), aimed)
    if not isinstance(value, list) or any(not isinstance(each, dict) for each in value):
        raise Refused("'dataframe_records' must be a list of objects")
    if not aimed.takes_arrays:
        return aimed.values({aimed.only_name(): value})
    columns = list(dict.fromkeys(key for row in value for key in row))
    # What a record leaves out is missing there, as pandas has it.
    return _frame(Table(columns, [[row.get(key) for key in columns] for row in value]), aimed)


def _split(value: Any) -> Table:
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise Refused("'dataframe_split' must be an object with a list 'data'")
    rows, columns = value["data"], value.get("columns")
    if columns is not None and not isinstance(columns, list):
        raise Refused("'columns' of 'dataframe_split' must be a list")
    width = len(columns) if columns is not None else len(rows[0]) if _is_row(rows[:1]) else 0
    for at, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != width:
            raise Refused(f"row {at} of 'dataframe_split' has not {width} values")
    return Table(None if columns is None else [str(each) for each in columns], rows)


def _is_row(rows: List[Any]) -> bool:
    return bool(rows) and isinstance(rows[0], list)


def _frame(table: Table, aimed: Target) -> Dict[str, Any]:
    """The inputs of a data frame."""
    if not aimed.takes_arrays:
        return aimed.values({aimed.only_name(): table.rows})
    inputs = aimed.signature.inputs
    if table.columns is not None and (len(inputs) != 1 or [inputs[0].name] == table.columns):
        given = dict(zip(table.columns, _transposed(table)))
        return {
            name: arrays.from_rows(given[name], aimed.spec(name).datatype)
            for name in aimed.named(given)
        }
    return aimed.values({aimed.only_name(): table.rows})


def _transposed(table: Table) -> List[List[Any]]:
    if not table.rows:
        return [[] for _ in table.columns or ()]
    return [list(column) for column in zip(*table.rows)]


def _read_csv(body: bytes) -> Table:
    try:
        # Spreadsheets begin a file with a byte order mark, which would be part of the first
        # column's name.
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"the body is no CSV in UTF-8: {error}") from None
    lines = [line for line in lines if line]
    if not lines:
        raise Refused("the CSV has no header line")
    columns, rows = lines[0], lines[1:]
    for at, row in enumerate(rows):
        if len(row) != len(columns):
            raise Refused(f"line {at + 2} of the CSV has not {len(columns)} values")
    read = columns_of([dict(zip(columns, row)) for row in rows]) if rows else {}
    typed = [_typed(read[name]) for name in columns] if rows else []
    return Table(columns, [list(row) for row in zip(*typed)])


def _typed(column: List[str]) -> List[Any]:
    """A column as integers where all are, as numbers where all are, else as texts."""
    try:
        return [int(text) for text in column]
    except ValueError:
        pass
    try:
        return [None if text == "" else float(text) for text in column]
    except ValueError:
        return list(column)
