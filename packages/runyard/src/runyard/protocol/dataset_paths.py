"""Where a dataset's data is: paths on datastores, with wildcards, and addresses on the web.

    "a/b"          the file a/b, or everything below the folder a/b
    "a/*/x?.csv"   what matches; `*`, `?` and `[…]` stay within a segment, `**` spans any number
    "https://…"    one file

Service, client and agent read them alike, so that a dataset means the same files everywhere.
"""

import re
from typing import Callable, Iterable, Iterator, List, NamedTuple, Pattern
from urllib.parse import quote, unquote, urlsplit

WILDCARDS = "*?["
WEB = ("http", "https")


class Listed(NamedTuple):
    """A file as a datastore lists it; `modified_at` is ISO 8601."""

    path: str
    size: int
    modified_at: str


Lister = Callable[[str, str], Iterable[Listed]]
"""Given a datastore and a prefix, lists the files whose path begins so, by path."""


def normal(path: str) -> str:
    """A path on a datastore in its one spelling: `a/b`; "" and "." are the root.

    Raises:
        ValueError: It leads upwards.
    """
    segments = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in segments:
        raise ValueError(f"the path {path!r} leads upwards; give one below the datastore's root")
    return "/".join(segments)


def is_web(text: str) -> bool:
    """Whether a text is an address on the web."""
    return urlsplit(text).scheme.lower() in WEB


def has_wildcards(path: str) -> bool:
    """Whether a path names files by a pattern."""
    return any(mark in path for mark in WILDCARDS)


def root_of(path: str) -> str:
    """The folder below which a path's files have their names: of a pattern, its fixed part."""
    return _fixed(path).rpartition("/")[0] if has_wildcards(path) else path


def meant(path: str, listed: Lister, datastore: str) -> Iterator[Listed]:
    """The files that a path means, by path.

    Args:
        path: The path, as `normal` spells it.
        listed: What lists a datastore.
        datastore: The datastore.
    """
    if has_wildcards(path):
        fits = pattern(path).fullmatch
        yield from (file for file in listed(datastore, _fixed(path)) if fits(file.path))
        return
    if path:
        for file in listed(datastore, path):
            if file.path == path:
                yield file
                return
            # The listing is sorted, so the file itself would have been the first.
            break
    yield from listed(datastore, f"{path}/" if path else "")


def pattern(path: str) -> Pattern[str]:
    """The expression that fits the paths which a path with wildcards means."""
    segments = path.split("/")
    found: List[str] = []
    for place, segment in enumerate(segments):
        is_last = place == len(segments) - 1
        if segment == "**":
            found.append(".*" if is_last else "(?:[^/]+/)*")
        else:
            found.append(_segment(segment) + ("" if is_last else "/"))
    return re.compile("".join(found), re.DOTALL)


def below(path: str, file: str) -> str:
    """The name of a file below the path that means it; a file by itself has its own."""
    root = root_of(path)
    if file == root:
        return file.rpartition("/")[2]
    return file[len(root) + 1 :] if root else file


def output_path(path: str, run: str, name: str) -> str:
    """The path on its datastore of what a run makes.

    Args:
        path: The path as it was asked for, with `{run-id}` and `{output-name}` for the two.
        run: Id of the run.
        name: Name of the output.
    """
    return normal(path.replace("{run-id}", run).replace("{output-name}", name))


def web_name(url: str) -> str:
    """The name of a web file that is the only one."""
    return unquote(urlsplit(url).path).rpartition("/")[2] or "index"


def web_path(url: str) -> str:
    """The path of a web file beside others: `https%3A/%2Fhost/dir/file`."""
    parts = urlsplit(url)
    return f"{quote(parts.scheme + ':')}/{quote('/' + parts.netloc, safe='')}{parts.path}"


def _fixed(path: str) -> str:
    """What stands before the first wildcard."""
    return path[: min(place for place in map(path.find, WILDCARDS) if place >= 0)]


def _segment(segment: str) -> str:
    """One segment as an expression; a bracket that nothing closes is a letter."""
    found, place = [], 0
    while place < len(segment):
        mark = segment[place]
        close = segment.find("]", place + 2) if mark == "[" else -1
        if mark == "*":
            found.append("[^/]*")
        elif mark == "?":
            found.append("[^/]")
        elif close > 0:
            inner = segment[place + 1 : close].replace("\\", "\\\\")
            found.append(f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]")
            place = close
        else:
            found.append(re.escape(mark))
        place += 1
    return "".join(found)
