"""The files of registered versions of models, by their paths below a version."""

from dataclasses import replace

from runyard.protocol.errors import RunFileNotFound
from runyard.protocol.files import FileEntry
from runyard_server.core.system import Content, RemoteContent
from runyard_server.faces.mlflow.asked import Asked
from runyard_server.operations import models
from runyard_server.operations.blobs import content
from runyard_server.operations.media import media_type


def read(given: Asked, model: str, path: str) -> Content | RemoteContent:
    """A file of a version.

    Args:
        given: The request.
        model: The version.
        path: The file's path below the version.

    Raises:
        RunFileNotFound: There is none.
    """
    for entry in entries(given, model):
        if entry.path == path:
            return content(given.system, entry.digest, entry.size, media_type(path))
    raise RunFileNotFound(f"version {model} has no file {path!r}")


def entries(given: Asked, model: str) -> list[FileEntry]:
    """The files of a version, by their paths below it.

    Args:
        given: The request.
        model: The version.
    """
    found = models.get(given.system, given.workspace, model)
    folder = f"{found.path}/"
    return [replace(one, path=one.path.removeprefix(folder)) for one in found.files]
