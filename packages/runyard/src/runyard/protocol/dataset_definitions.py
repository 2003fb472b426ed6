"""A dataset's definition: what to read and what to do with it, as plain data.

    {"kind": "tabular", "sources": [{"datastore": …, "path": …}, {"url": …}], "reader": {…},
     "partition": …, "include_path": …, "types": [[column, type], …], "steps": [{"take": 3}, …],
     "properties": {"timestamp": column}}

A source with a `version` (`name:version`) means what that version, which is pinned, had there: the
bytes are read from the contents that it keeps, whatever its datastore has by now.

Its canonical text is JSON with sorted keys and no blanks. The id of a dataset follows from that
and its workspace, so equal definitions are one dataset. A *resolution* is the list of files that
a definition meant at one moment; its digest is over their names and bytes, or, where the bytes
have not been read, over sizes and times.
"""

import hashlib
import json
import re
import uuid
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Sequence
from urllib.parse import quote, urlsplit

from runyard.protocol.dataset_paths import (
    Listed,
    Lister,
    below,
    check_web_path,
    has_wildcards,
    is_web,
    meant,
    normal,
    pattern,
    web_name,
    web_path,
)
from runyard.protocol.file_conditions import fits

FILE, TABULAR = "file", "tabular"
KINDS = (FILE, TABULAR)
# Of a source: which pinned version's files it means.
VERSION = "version"
MOST_BYTES = 1 << 20
# Of what stands before a digest: whether it is of the files' bytes, or of their sizes and times.
BYTES, TIMES = "sha256:", "times:"
_NAMESPACE = uuid.UUID("5f5f1f5a-7f1c-4a57-8f0b-8a9d6f0c5f11")
_MASK = (1 << 64) - 1
_SPACING = 0x9E3779B97F4A7C15

Definition = Mapping[str, Any]
Pinned = Callable[[str], Iterable[Any]]
"""Given `name:version` of a pinned version, lists its files as `datasets.DatasetFile`."""


class SourceFile(NamedTuple):
    """A file of a dataset.

    Args:
        name: Its place below the dataset's folder, without a slash before it.
        datastore: Its datastore, "" for one on the web.
        path: Its path there.
        url: Its address on the web, "" for one of a datastore.
        size: Its size in bytes; -1 where it is not known.
        modified_at: When it was written last, ISO 8601.
        source: Which of the dataset's sources it is of.
        digest: The content that is read in its place; "" for the file itself.
    """

    name: str
    datastore: str
    path: str
    url: str
    size: int
    modified_at: str
    source: int = 0
    digest: str = ""


def checked(definition: Any) -> Dict[str, Any]:
    """A definition from outside, if it can be one.

    Raises:
        ValueError: It cannot; the message says why.
    """
    if not isinstance(definition, dict) or definition.get("kind") not in KINDS:
        raise ValueError("a dataset's definition is an object whose kind is 'file' or 'tabular'")
    sources = definition.get("sources")
    if not isinstance(sources, list) or not sources:
        raise ValueError("a dataset's definition has a list of sources")
    for source in sources:
        _check_source(source)
        if not re.fullmatch(r"[^:]+:\d+", str(source.get(VERSION, "d:1"))):
            raise ValueError("the version of a dataset's source is a text such as 'sales:1'")
    if len(canonical(definition).encode()) > MOST_BYTES:
        raise ValueError(
            "a dataset's definition is larger than 1 MiB; name folders or patterns in place of "
            "single files"
        )
    return definition


def canonical(definition: Definition) -> str:
    """The one text of a definition."""
    return json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def id_of(workspace: str, definition: Definition) -> str:
    """The id of the dataset that a definition is in a workspace."""
    return str(uuid.uuid5(_NAMESPACE, f"{workspace}\0{canonical(definition)}"))


def of_version(definition: Definition, version: str) -> Dict[str, Any]:
    """The definition that means the files of a pinned version, and they alone.

    Args:
        definition: The version's definition.
        version: `name:version`.
    """
    sources = [{**source, VERSION: version} for source in definition["sources"]]
    found = {**definition, "sources": sources}
    if definition["kind"] == FILE and definition.get("steps"):
        # What they leave is what the version lists, so none is taken again; yet it is not all.
        found["steps"] = [{"skip": 0}]
    return found


def meaning(record: Any) -> Dict[str, Any]:
    """The definition that a `datasets.DatasetRecord` is read by: a pinned one means itself."""
    if not record.pinned:
        return dict(record.definition)
    return of_version(record.definition, f"{record.name}:{record.version}")


def versions_in(definition: Definition) -> List[str]:
    """The pinned versions that a definition's sources name, each once."""
    named = (source.get(VERSION) for source in definition["sources"])
    return list(dict.fromkeys(version for version in named if version))


def files_of(definition: Definition, listed: Lister, pinned: Pinned) -> List[SourceFile]:
    """The files that a definition means now, in the order in which they are read.

    Args:
        definition: The definition.
        listed: What lists a datastore.
        pinned: What lists a pinned version.

    Raises:
        InvalidRequest: A filter is none.
    """
    sources = definition["sources"]
    several = len(sources) > 1
    # Once each: a version of many sources may have a hundred thousand files.
    known = {version: list(pinned(version)) for version in versions_in(definition)}
    found: List[SourceFile] = []
    for place, source in enumerate(sources):
        if VERSION in source:
            found.extend(_of_version(source, place, known[source[VERSION]], several))
        else:
            found.extend(_of_source(source, place, listed, several))
    found = _apart(found)
    if definition["kind"] == FILE:
        for step in definition.get("steps") or ():
            if "filter" in step:
                found = [each for each in found if fits(step["filter"], each)]
            found = list(chosen(step, found))
    return found


def is_one_file(definition: Definition, files: Sequence[SourceFile]) -> bool:
    """Whether a dataset is one file that its only source names, so that its path is the file's."""
    sources = definition["sources"]
    if len(sources) != 1 or len(files) != 1 or definition.get("steps"):
        return False
    return "url" in sources[0] or files[0].path == normal(sources[0]["path"])


def whole_folder(definition: Definition) -> str:
    """The path of the folder that a dataset is all of; "" where it is something else."""
    sources = definition["sources"]
    if len(sources) != 1 or definition.get("steps") or {"url", VERSION} & set(sources[0]):
        return ""
    path = normal(sources[0]["path"])
    # The root has no path of its own; a farm of links serves it, or the reference to a datastore.
    return "" if has_wildcards(path) else path


def chosen(step: Mapping[str, Any], items: Sequence[Any]) -> Iterator[Any]:
    """What a step by position leaves of items in order; other steps leave all."""
    if "take" in step:
        return iter(items[: step["take"]])
    if "skip" in step:
        return iter(items[step["skip"] :])
    return (item for place, item in enumerate(items) if is_drawn(step, place))


def is_drawn(step: Mapping[str, Any], place: int) -> bool:
    """Whether a sample or a split has the item at a place; other steps have every item."""
    if "sample" in step:
        return _share(step["sample"]["seed"], place) < float(step["sample"]["probability"])
    if "split" in step:
        is_first = _share(step["split"]["seed"], place) < float(step["split"]["percentage"])
        return is_first is (int(step["split"]["part"]) == 0)
    return True


def tree_digest(files: Sequence[SourceFile], digests: Sequence[str]) -> str:
    """The digest of a resolution.

    Args:
        files: Its files.
        digests: The SHA-256 of each; "" where the bytes were not read.
    """
    complete = all(digests)
    told = hashlib.sha256()
    for file, digest in zip(files, digests):
        mark = digest if complete else f"{file.size}\0{file.modified_at}"
        told.update(f"{file.name}\0{mark}\n".encode("utf-8", "surrogateescape"))
    return (BYTES if complete else TIMES) + told.hexdigest()


def _check_source(source: Any) -> None:
    if isinstance(source, dict) and "url" in source:
        if not is_web(str(source["url"])):
            raise ValueError(f"{source['url']!r} is no http or https address")
        check_web_path(source["url"])
    elif (
        not isinstance(source, dict)
        or not isinstance(source.get("datastore"), str)
        or not isinstance(source.get("path"), str)
    ):
        raise ValueError("a dataset's source has a datastore and a path, or a url")
    else:
        pattern(normal(source["path"]))


def _of_source(
    source: Mapping[str, Any], place: int, listed: Lister, several: bool
) -> Iterator[SourceFile]:
    if "url" in source:
        url = source["url"]
        yield SourceFile(web_path(url) if several else web_name(url), "", "", url, -1, "", place)
        return
    store, path = source["datastore"], normal(source["path"])
    for file in meant(path, listed, store):
        name = f"{store}/{file.path}" if several else below(path, file.path)
        told = (name, store, file.path, "", file.size, file.modified_at, place)
        yield SourceFile(*told, digest=file.digest)


def _of_version(
    source: Mapping[str, Any], place: int, files: Sequence[Any], several: bool
) -> Iterator[SourceFile]:
    """The files of a source as a pinned version has them."""
    if "url" in source:
        for file in _of_source(source, place, _nowhere, several):
            for known in files:
                if known.url == file.url:
                    yield file._replace(size=known.size, digest=known.digest)
                    break
        return
    by_path = {file.path: file for file in files if file.datastore == source["datastore"]}

    def listed(_: str, prefix: str) -> Iterator[Listed]:
        for path in sorted(by_path):
            if path.startswith(prefix):
                known = by_path[path]
                yield Listed(path, known.size, known.modified_at, known.digest)

    yield from _of_source(source, place, listed, several)


def _nowhere(_: str, __: str) -> Iterator[Listed]:
    return iter(())


def _apart(files: List[SourceFile]) -> List[SourceFile]:
    """The files with names of their own: two addresses may differ in their queries alone."""
    names: Dict[str, str] = {}
    taken = {file.name for file in files if not file.url}
    numbers: Dict[str, int] = {}
    for file in files:
        if not file.url or file.url in names:
            continue
        name = file.name
        if name in taken:
            query = urlsplit(file.url).query
            base = name = name + quote("?" + query, safe="") if query else name
            while name in taken:
                numbers[base] = numbers.get(base, 1) + 1
                name = f"{base}~{numbers[base]}"
        taken.add(name)
        names[file.url] = name
    return [file._replace(name=names[file.url]) if file.url else file for file in files]


def _share(seed: int, place: int) -> float:
    """A number of [0, 1) for each place: splitmix64 (Steele, Lea, Flood 2014)."""
    mixed = (int(seed) + (place + 1) * _SPACING) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return float((mixed ^ (mixed >> 31)) >> 11) / (1 << 53)
