"""The `path` argument of datasets: where the data is, in all the forms that v1 takes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Tuple

from runyard.protocol.dataset_paths import check_web_path, is_web, normal, pattern
from runyard.sdk.data import DataPath, DataReference
from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from runyard.sdk.workspaces import Workspace

_FORMS = (
    "(datastore, 'a/b'), (datastore, 'a/**/*.csv'), datastore.path('a/b'), a DataPath, "
    "'https://…', or a list of these"
)

Source = Dict[str, str]


class Given(NamedTuple):
    """Sources of a dataset that is there, for another one over the same data."""

    sources: List[Source]
    workspace: Optional[Workspace]


def sources_of(path: Any) -> Tuple[List[Source], Optional[Workspace]]:
    """The sources that a `path` means, and the workspace of their datastores.

    Raises:
        UserErrorException: It is none of the forms, or mixes web and datastore.
    """
    if isinstance(path, Given):
        return path.sources, path.workspace
    # A tuple is one place: (datastore, path).
    given = list(path) if isinstance(path, list) else [path]
    if not given:
        raise _wrong(path)
    found = [_source(each) for each in given]
    webs = [source for source, _ in found if "url" in source]
    if webs and len(webs) < len(found):
        raise UserErrorException(
            f"Invalid argument type for `path`: web addresses and datastores in one list ("
            f"{webs[0]['url']!r} beside others); make two datasets, or upload the web files"
        )
    workspaces = {
        store.workspace.service.id: store.workspace for _, store in found if store is not None
    }
    if len(workspaces) > 1:
        raise UserErrorException("the datastores in `path` are of several workspaces; use one")
    return [source for source, _ in found], next(iter(workspaces.values()), None)


def _source(value: Any) -> Tuple[Source, Optional[Datastore]]:
    if isinstance(value, str):
        if not is_web(value):
            raise _wrong(value)
        _check_web(value)
        return {"url": value}, None
    if isinstance(value, tuple):
        return _of_tuple(value)
    if isinstance(value, (DataReference, DataPath)):
        if value.datastore is None:
            raise UserErrorException("this DataPath has no datastore; give one when making it")
        return _on(value.datastore, value.path_on_datastore), value.datastore
    raise _wrong(value)


def _of_tuple(value: Tuple[Any, ...]) -> Tuple[Source, Optional[Datastore]]:
    is_pair = len(value) == 2 and isinstance(value[0], Datastore)  # noqa: PLR2004 - a pair
    if not is_pair or not isinstance(value[1], (str, os.PathLike)):
        raise UserErrorException(
            f"Invalid tuple for path: {value!r}; give (datastore, 'path/on/it')"
        )
    return _on(value[0], os.fspath(value[1])), value[0]


def _on(datastore: Datastore, path: Any) -> Source:
    try:
        found = normal(str(path or ""))
        pattern(found)
    except ValueError as error:
        raise UserErrorException(str(error)) from None
    return {"datastore": datastore.name, "path": found}


def _check_web(url: str) -> None:
    try:
        check_web_path(url)
    except ValueError as error:
        raise UserErrorException(str(error)) from None
    last = url.partition("?")[0]
    if "*" in last or last.endswith("/"):
        raise UserErrorException(
            f"{url!r}: behind an address there is one file, no folder and no pattern; list the "
            "files' addresses"
        )


def _wrong(value: Any) -> UserErrorException:
    return UserErrorException(
        f"Invalid argument type for `path`: {value!r} ({type(value).__name__}); give {_FORMS}"
    )
