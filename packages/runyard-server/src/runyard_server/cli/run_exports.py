"""`runyard runs export`: the runs of a list as a file, of any size."""

import sys
from pathlib import Path

from runyard.client import run_exports
from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.run_export import CSV, FORMATS, JSON_LINES, PARQUET, ExportRuns
from runyard_server.cli import output, run_fields, run_filters, run_lists, typed
from runyard_server.cli.run_lists import Asked
from runyard_server.cli.target import WorkspaceClient
from runyard_server.cli.words import near

# What a list shows under another name, or works out by itself.
_SERVED = {"time": "duration", "age": "created_at"}


def export(
    client: WorkspaceClient,
    asked: Asked,
    *,
    sort: str | None,
    columns: str | None,
    form: str | None,
    limit: int | None,
    file: str | None,
    as_json: bool,
) -> None:
    """Write the runs that match to a file or to standard output.

    Args:
        client: The workspace.
        asked: Which runs.
        sort: A field, with `-` before it from the largest to the smallest; None: newest first.
        columns: Fields with commas between them; None: everything.
        form: The format; None: by the file's ending, and CSV where that tells nothing.
        limit: At most so many; None for all.
        file: The file; None for standard output.
        as_json: Whether what was written is told as JSON.

    Raises:
        InvalidRequest: It makes no sense, or there are too many columns.
    """
    # Printed as JSON it is JSON itself; of a file it is told what was written.
    chosen = _format(form or (JSON_LINES if as_json and file is None else None), file)
    found = run_lists.chosen(client, asked)
    order = run_filters.sort(sort) or found.sort
    wanted = ExportRuns(
        filters.written(one.condition for one in found.conditions),
        [] if order is None else [order.order],
        [_SERVED.get(name, name) for name in run_fields.named(columns or "")],
        chosen,
        limit,
    )
    with typed.as_typed(found.conditions, order):
        begun = client.runs.export(wanted)
    if file is None:
        with begun:
            for piece in begun:
                output.write_bytes(piece)
        return
    size = run_exports.write(begun, Path(file))
    if as_json:
        output.as_json({"path": file, "format": chosen, "bytes": size})
    else:
        output.say(f"{file}: {size} bytes")


def _format(form: str | None, file: str | None) -> str:
    ending = Path(file or "").suffix.lower().lstrip(".")
    found = form or (ending if ending in FORMATS else CSV)
    if found not in FORMATS:
        raise InvalidRequest(f"--format cannot be {found!r}; {near(found, FORMATS)}")
    if found == PARQUET and file is None and sys.stdout.isatty():
        raise InvalidRequest("parquet is nothing to read on a terminal; give --output FILE")
    return found
