"""The runs of a search as one list, which becomes a table of pandas or Polars.

Neither library is needed until its table is asked for. Columns are those of an export: attributes,
then what the runs have by name under `metrics.loss`, `params.lr`, `tags.team`, `properties.x`.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Tuple

from runyard.protocol.runs import TERMINAL
from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from runyard.protocol.runs import RunRecord
    from runyard.sdk.runs import Run

_Values = Dict[str, List[Any]]
_SECOND = timedelta(seconds=1)
_TIMES = ("created_at", "started_at", "ended_at")


def _time(text: Optional[str]) -> Optional[datetime]:
    """A time of the protocol; Python 3.7 reads no `Z`."""
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))


def _duration(run: RunRecord) -> Optional[float]:
    """The seconds from its start to its end, until now for what goes on."""
    started, ended = _time(run.started_at), _time(run.ended_at)
    if started is None:
        return None
    return ((ended or datetime.now(timezone.utc)) - started) / _SECOND


_ATTRIBUTES: Tuple[Tuple[str, Callable[[RunRecord], Any]], ...] = (
    ("id", lambda run: run.id),
    ("name", lambda run: run.name),
    ("experiment", lambda run: run.experiment),
    ("number", lambda run: run.number),
    ("status", lambda run: run.status),
    ("active", lambda run: run.status not in TERMINAL),
    ("type", lambda run: run.run_type),
    ("target", lambda run: run.target),
    ("parent", lambda run: run.parent),
    ("user", lambda run: run.submitted_by or None),
    ("nodes", lambda run: run.node_count),
    ("attempt", lambda run: run.attempt),
    ("created_at", lambda run: _time(run.created_at)),
    ("started_at", lambda run: _time(run.started_at)),
    ("ended_at", lambda run: _time(run.ended_at)),
    ("duration", _duration),
    ("snapshot", lambda run: run.snapshot),
    ("environment", lambda run: run.environment_lock),
    ("description", lambda run: run.description or None),
)
_BY_NAME: Tuple[Tuple[str, Callable[[RunRecord], Any]], ...] = (
    ("metrics", lambda run: run.metrics or {}),
    ("params", lambda run: run.params),
    ("tags", lambda run: run.tags),
    ("properties", lambda run: run.properties),
)


class RunList(List["Run"]):
    """Runs that were found, in order; a list in all else.

    Args:
        runs: The runs.
        records: What the service told of each.
    """

    def __init__(self, runs: Sequence[Run], records: Sequence[RunRecord]) -> None:
        super().__init__(runs)
        self._records = list(records)

    def to_pandas(self) -> Any:
        """Make a `pandas.DataFrame` of them, a run a row, as they were when they were found.

        Raises:
            UserErrorException: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise _missing("pandas", "to_pandas()") from None
        columns = _columns(self._records)
        # Of no dtype where there is no run: a table of no rows has its columns all the same.
        found = pd.DataFrame(columns)
        for name in _TIMES:
            found[name] = pd.to_datetime(found[name], utc=True)
        return found

    def to_polars(self) -> Any:
        """Make a `polars.DataFrame` of them, a run a row, as they were when they were found.

        Raises:
            UserErrorException: Polars is not installed.
        """
        try:
            import polars as pl
        except ImportError:
            raise _missing("polars", "to_polars()") from None
        times = dict.fromkeys(_TIMES, pl.Datetime("us", "UTC"))
        # By all rows: what the first hundred lack would be a column of nothing.
        columns = _columns(self._records)
        return pl.DataFrame(columns, schema_overrides=times, infer_schema_length=None)


def _columns(records: Sequence[RunRecord]) -> _Values:
    """The values of each column, None for what a run lacks."""
    found: _Values = {name: [value(run) for run in records] for name, value in _ATTRIBUTES}
    for kind, value in _BY_NAME:
        named = [value(run) for run in records]
        names = dict.fromkeys(name for each in named for name in each)
        for name in sorted(names):
            found[f"{kind}.{name}"] = [each.get(name) for each in named]
    return found


def _missing(library: str, call: str) -> UserErrorException:
    return UserErrorException(
        f"{call} needs {library}, which is not installed here: pip install {library}; "
        "runyard.export_runs() writes CSV and Parquet without it"
    )
