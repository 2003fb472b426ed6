"""Parquet files, read by pyarrow, which is imported when one is read."""

import shutil
import tempfile
from datetime import date, datetime, time
from typing import Any, BinaryIO, Iterator, List

from runyard.tables.delimited import FileError
from runyard.tables.inference import naive
from runyard.tables.steps import Chunk

# Larger ones lie on disk: their end is read before their beginning.
MEMORY_BYTES = 64 << 20


def chunks(stream: BinaryIO, rows: int) -> Iterator[Chunk]:
    """The records of a file, so many at a time; what pandas notes of an index is no column's role.

    Args:
        stream: The file, from its start.
        rows: Records of a chunk.

    Raises:
        ImportError: pyarrow is not installed; the message says what to add.
        FileError: It is no such file, or a broken one.
    """
    pq = _pyarrow()
    from pyarrow import ArrowException

    with tempfile.SpooledTemporaryFile(MEMORY_BYTES) as file:
        shutil.copyfileobj(stream, file)
        file.seek(0)
        try:
            whole = pq.ParquetFile(file)
            # Its names alone at first: a file without records has its columns all the same.
            yield {name: [] for name in whole.schema.to_arrow_schema().names}
            for group in range(whole.num_row_groups):
                table = whole.read_row_group(group)
                for begin in range(0, table.num_rows, rows):
                    part = table.slice(begin, rows).to_pydict()
                    yield {name: list(map(_plain, values)) for name, values in part.items()}
        except ArrowException as error:
            raise FileError(f"it cannot be read as a parquet file: {error}") from None


def write(columns: Chunk, path: str) -> None:
    """Write records to a file; whole numbers and truths stay what they are where some are missing.

    Raises:
        ImportError: pyarrow is not installed; the message says what to add.
        FileError: A column has values of several types.
    """
    pq = _pyarrow()
    import pyarrow as pa

    def array(name: str, values: List[Any]) -> Any:
        try:
            return pa.array(values)
        # pyarrow of 2019 raises what Python does.
        except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
            raise FileError(
                f"column {name!r} has values of several types, or too large ones, for a file "
                f"({error}); set_column_types={{{name!r}: DataType.to_string()}} makes texts of all"
            ) from None

    found = [array(name, values) for name, values in columns.items()]
    pq.write_table(pa.Table.from_arrays(found, names=list(columns)), path)


def written(frame: Any, path: str) -> None:
    """Write a pandas.DataFrame to a file, without its index.

    Raises:
        ImportError: pyarrow is not installed; the message says what to add.
    """
    _pyarrow()
    frame.to_parquet(path, index=False)


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ImportError(
            "parquet files need pyarrow, which this Python lacks; add it to the environment: "
            "pip_packages=['pyarrow']"
        ) from error
    return pq


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return naive(value)
    return datetime.combine(value, time()) if isinstance(value, date) else value
