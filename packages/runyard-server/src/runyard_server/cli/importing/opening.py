"""Which reader a place of MLflow's needs."""

from pathlib import Path

from runyard.protocol.errors import InvalidRequest
from runyard_server.cli.importing.database import Database
from runyard_server.cli.importing.folder import Folder
from runyard_server.cli.importing.server import RemoteSource
from runyard_server.cli.importing.sources import Source


def opened(place: str, files: Path | None) -> Source:
    """The reader of a place.

    Args:
        place: A database, a folder, or the address of a server.
        files: Where a server kept the files of its runs, beside its database.

    Raises:
        InvalidRequest: There is nothing of MLflow's.
    """
    if place.startswith(("http://", "https://")):
        return RemoteSource(place)
    path = Path(place.removeprefix("sqlite:///").removeprefix("file://"))
    if path.is_file():
        return Database(path, files)
    if (path / "mlflow.db").is_file():
        return Database(path / "mlflow.db", files)
    if path.is_dir():
        return Folder(path)
    raise InvalidRequest(
        f"{place} is neither a database nor a folder of MLflow's (mlflow.db, mlruns), nor an "
        "address that begins with http"
    )
