"""What scripts do with parquet, in an environment with pandas and pyarrow of any year.

Run by `test_parquet` with the name of a workspace; nothing but the light half is there beside them.
"""

import datetime as dt
import decimal
import sys
import tempfile
import warnings
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from runyard import Dataset, Workspace
from runyard.sdk.exceptions import DatasetExecutionError

DAY = dt.datetime.fromisoformat("2020-01-01T05:06:07.000008")
STORE = Workspace.get(sys.argv[1]).get_default_datastore()
FOLDER = Path(tempfile.mkdtemp())


def put(place, write):
    """Write a file and bring it to a place of the datastore."""
    file = FOLDER / place
    file.parent.mkdir(parents=True, exist_ok=True)
    write(str(file))
    STORE.upload_files([file], str(FOLDER), show_progress=False)
    return Dataset.Tabular.from_parquet_files((STORE, place))


def table(place, columns, rows=None):
    """Make a file of columns, which have values of Python or are pyarrow's own."""
    arrays = [v if isinstance(v, pa.Array) else pa.array(v) for v in columns.values()]
    made = pa.Table.from_arrays(arrays, names=list(columns))
    return put(place, lambda file: pq.write_table(made, file, row_group_size=rows))


def refused(call):
    """The message with which something is refused."""
    try:
        call()
    except DatasetExecutionError as error:
        return error.message
    return ""


def types():
    """Types are the file's own; dates are in UTC without a zone, and what is missing stays so."""
    zoned = pa.array([DAY, None], pa.timestamp("us", tz="Europe/Berlin"))
    found = table(
        "types/x.parquet",
        {
            "small": pa.array([1, None], pa.int8()),
            "whole": [2**53 + 1, -1],
            "true": [True, None],
            "text": ["a", ""],
            "day": [DAY.date(), None],
            "moment": zoned,
            "exact": [decimal.Decimal("1.10"), None],
            "list": [[1, 2], None],
            "none": [None, None],
        },
    )
    frame = found.to_pandas_dataframe()
    assert list(map(str, frame.dtypes)) == [
        "float64",
        "int64",
        "object",
        "object",
        "datetime64[ns]",
        "datetime64[ns]",
        "object",
        "object",
        "object",
    ], frame.dtypes
    assert frame["whole"].tolist() == [2**53 + 1, -1]
    assert frame["moment"][0] == DAY
    assert frame["day"][0] == pd.Timestamp("2020-01-01")
    assert frame["text"].tolist() == ["a", ""]
    assert frame["list"].tolist() == [[1, 2], None]


def shapes():
    """Groups of rows, no rows, pandas' index, files of several columns, and a broken one."""
    many = table("groups/x.parquet", {"n": list(range(100))}, rows=7)
    assert many.skip(30).take(3).to_pandas_dataframe()["n"].tolist() == [30, 31, 32]
    assert list(table("none/x.parquet", {"n": pa.array([], pa.int64())}).to_columns()) == ["n"]
    indexed = pd.DataFrame({"v": [1, 2]}, index=["r", "s"])
    found = put("index/x.parquet", indexed.to_parquet).to_columns()
    assert found == {"v": [1, 2], "__index_level_0__": ["r", "s"]}
    table("mixed/a.parquet", {"a": [1]})
    table("mixed/b.parquet", {"a": [2], "b": ["x"]})
    mixed = Dataset.Tabular.from_parquet_files((STORE, "mixed/*.parquet"))
    assert mixed.to_columns() == {"a": [1, 2], "b": [None, "x"]}
    broken = put("broken.parquet", lambda file: Path(file).write_text("no parquet"))
    assert "broken.parquet: it cannot be read as a parquet file" in refused(broken.to_columns)


def partitions():
    """A date of the paths keeps the months away that a time drops."""
    for month in (1, 2):
        at = DAY.replace(month=month)
        table(f"part/2020/{month:02}/x.parquet", {"at": [at], "v": [month]})
    found = Dataset.Tabular.from_parquet_files(
        (STORE, "part/*/*/x.parquet"), partition_format="part/{month:yyyy/MM}/x.parquet"
    ).with_timestamp_columns("at", "month")
    late = found.time_after(dt.datetime.fromisoformat("2020-02-01")).to_pandas_dataframe()
    assert late["v"].tolist() == [2]
    assert late.index[0] == DAY.replace(month=2)


def written():
    """Records become a parquet file and are the same again; a column of two types is refused."""
    rows = "n,f,b,at,s,none\n1,1.5,true,2020-01-01,x,\n2,,f,2020-01-02 10:00,,\n,2,,,y,\n"
    (FOLDER / "a.csv").write_text(rows)
    STORE.upload_files([FOLDER / "a.csv"], str(FOLDER), "csv", show_progress=False)
    read = Dataset.Tabular.from_delimited_files((STORE, "csv/a.csv"))
    files = read.to_parquet_files()
    assert files.to_path() == ["/part-0.parquet"]
    (place,) = files.download(FOLDER / "written")
    assert str(pq.ParquetFile(place).schema.to_arrow_schema().field("n").type) == "int64"
    back = Dataset.Tabular.from_parquet_files((STORE, files._definition["sources"][0]["path"]))
    assert back.to_columns() == read.to_columns()
    frame = read.to_pandas_dataframe()
    kept = Dataset.Tabular.register_pandas_dataframe(frame, STORE, "kept", show_progress=False)
    assert (kept.version, kept.to_pandas_dataframe().equals(frame)) == (1, True)
    table("two/a.parquet", {"a": [1]})
    table("two/b.parquet", {"a": ["x"]})
    two = Dataset.Tabular.from_parquet_files((STORE, "two"))
    assert "column 'a' has values of several types" in refused(two.to_parquet_files)


if __name__ == "__main__":
    # What pandas and pyarrow of one year say of each other is not ours.
    warnings.simplefilter("error", UserWarning)
    for act in (types, shapes, partitions, written):
        act()
        sys.stdout.write(f"{act.__name__}\n")
