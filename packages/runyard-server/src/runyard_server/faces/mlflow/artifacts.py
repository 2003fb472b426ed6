"""MLflow's lists of files, their removal, and ways of transfer that are not offered.

Files come and go by `transfers`. Parts of uploads and presigned addresses are MLflow's ways past
its server to a cloud's store; here the service is the store. The refusals begin with the words by
which MLflow's client knows that it has to use the plain way.
"""

from typing import Any

from runyard.protocol.errors import NotFound
from runyard_server.faces.mlflow import apart, places, shown
from runyard_server.faces.mlflow.asked import Asked
from runyard_server.faces.mlflow.faults import NotOffered
from runyard_server.faces.mlflow.places import Place
from runyard_server.operations import file_trees, tracked_views


def list_(given: Asked) -> dict[str, Any]:
    """The files and folders in a folder of a run."""
    found = tracked_views.get(given.system, given.workspace, given.run)
    folder = places.checked(given.text("path"))
    listed = places.children(given, Place(folder, run=found.row.id))
    entries = [places.entry(folder, one) for one in listed]
    return {"root_uri": shown.artifact_uri(found), "files": entries}


def list_folder(given: Asked) -> dict[str, Any]:
    """The files and folders at a path of MLflow's store of files."""
    try:
        found = places.required(given, given.text("path"))
    except NotFound:
        # As a folder that is nowhere.
        return {"files": []}
    return {"files": [places.entry("", one) for one in places.children(given, found)]}


def delete(given: Asked) -> dict[str, Any]:
    """Remove a file or a folder, of a run or of nobody."""
    place = places.changeable(given, places.required(given, given.segments["path"]))
    if place.is_apart:
        apart.remove(given, place.path)
        return {}
    if place.run is None:
        raise NotOffered("files of a logged model are not removed one by one; delete the model")
    file_trees.remove(given.system, given.workspace, place.run, place.path)
    return {}


def refuse_parts(_given: Asked) -> dict[str, Any]:
    """An upload in parts."""
    raise NotOffered(
        "Multipart upload is not supported for the current artifact repository: send the file as "
        "one body, which this service takes in at the disk's speed"
    )


def refuse_presigned(_given: Asked) -> dict[str, Any]:
    """An address that needs no token."""
    raise NotOffered(
        "Presigned download is not supported for the current artifact repository, nor is upload: "
        "files go through this service, with its token"
    )
