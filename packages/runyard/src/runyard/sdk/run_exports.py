"""Exports of runs to a file from Python, of any size: the service makes it while it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional, Sequence, Union

from runyard.client import run_exports
from runyard.protocol.run_export import FORMATS, ExportRuns
from runyard.sdk import checks
from runyard.sdk.exceptions import UserErrorException, translated
from runyard.sdk.searching import as_given, joined
from runyard.sdk.workspaces import Workspace

if TYPE_CHECKING:
    import os

    from runyard.sdk.experiments import Experiment


def export_runs(
    path: Union[str, os.PathLike[str]],
    filter: Optional[str] = "",  # noqa: A002 - MLflow's and the service's name for it
    order_by: Union[str, Sequence[str], None] = (),
    columns: Union[str, Sequence[str], None] = (),
    max_results: Optional[int] = None,
    experiment: Union[str, Experiment, None] = None,
    workspace: Optional[Workspace] = None,
) -> str:
    """Write runs to a file: CSV, JSON lines or Parquet, by its ending.

        export_runs("runs.parquet", "metrics.loss < 0.5", columns=["id", "params", "metrics.loss"])

    Args:
        path: The file, ending in .csv, .jsonl or .parquet; one that is there is replaced, once the
            new one is whole.
        filter: Conditions joined by `and`; "" finds all runs.
        order_by: Fields, each perhaps with DESC behind it; what lacks the field comes last.
        columns: Fields, in order; `metrics`, `params`, `tags` or `properties` for all of a kind.
            None for everything.
        max_results: At most so many runs; None is all.
        experiment: Only runs of this experiment.
        workspace: Where to look; see `search_runs`.

    Returns:
        The file's path.

    Raises:
        UserErrorException: The filter or a column makes no sense, or the file's ending.
    """
    file = Path(path)
    form = file.suffix.lower().lstrip(".")
    if form not in FORMATS:
        endings = ", ".join(f".{each}" for each in FORMATS)
        raise UserErrorException(f"{file.name!r} does not say its format; end it in {endings}")
    text = checks.text("filter", filter, '"metrics.loss < 0.5"')
    orders = checks.texts("order_by", order_by, '["metrics.loss DESC"]')
    shown = checks.texts("columns", columns, '["id", "metrics.loss"]')
    most = checks.count("max_results", max_results)
    name = checks.name_of("experiment", experiment)
    where = Workspace.from_config() if workspace is None else workspace
    checks.workspace(where)
    with translated(), as_given(text):
        asked: ExportRuns = ExportRuns(joined(text, name), orders, shown, form, most)
        run_exports.write(where.service.runs.export(asked), file)
    return str(file)
