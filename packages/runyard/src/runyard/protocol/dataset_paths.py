"""Where a dataset's data is: paths on datastores, with wildcards, and addresses on the web.

    "a/b"          the file a/b, or everything below the folder a/b
    "a/*/x?.csv"   what matches; `*`, `?` and `[…]` stay within a segment, `**` spans any number
    "https://…"    one file

Service, client and agent read them alike, so that a dataset means the same files everywhere.
"""

from typing import Callable, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple
from urllib.parse import quote, unquote, urlsplit

WILDCARDS = "*?["
WEB = ("http", "https")


class Listed(NamedTuple):
    """A file as a datastore lists it; `modified_at` is ISO 8601.

    `digest` is that of a content which is read in its place, "" for the file itself.
    """

    path: str
    size: int
    modified_at: str
    digest: str = ""


Lister = Callable[[str, str], Iterable[Listed]]
"""Given a datastore and a prefix, lists the files whose path begins so, by path."""

# Fits one character of a segment, or one segment of a path; None stands for any number of them.
_Mark = Optional[Callable[[str], bool]]


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
        fits = pattern(path)
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


def pattern(path: str) -> Callable[[str], bool]:
    """What says whether a path is one of those that a path with wildcards means.

    Raises:
        ValueError: A range in brackets runs backwards.
    """
    segments = path.split("/")
    marks = [None if segment == "**" else _segment(segment) for segment in segments]
    if marks[-1] is None:
        # Behind its slash something has to come: a folder is no file.
        marks.insert(-1, _anything)
    return lambda file: _fits(marks, file.split("/"))


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


def check_web_path(url: str) -> None:
    """Check that the path of a web file, which names it among others, leads nowhere else.

    Raises:
        ValueError: It has a segment `.` or `..`.
    """
    # Spelled with percent signs too: the name of a file that is the only one has them resolved.
    segments = unquote(urlsplit(url).path).replace("\\", "/").split("/")
    if "." in segments or ".." in segments:
        raise ValueError(f"the path of {url!r} has a segment '.' or '..'; give it without them")


def web_name(url: str) -> str:
    """The name of a web file that is the only one."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    # Definitions from before `check_web_path` are stored.
    return "index" if name in ("", ".", "..") else name


def web_path(url: str) -> str:
    """The path of a web file beside others: `https%3A/%2Fhost/dir/file`."""
    parts = urlsplit(url)
    return f"{quote(parts.scheme + ':')}/{quote('/' + parts.netloc, safe='')}{parts.path}"


def _fixed(path: str) -> str:
    """What stands before the first wildcard."""
    return path[: min(place for place in map(path.find, WILDCARDS) if place >= 0)]


def _fits(marks: Sequence[_Mark], items: Sequence[str]) -> bool:
    """Whether marks fit items, all of both.

    Only the last star that was met ever takes more: what an earlier one took can stay. So a path
    that somebody makes up costs the product of the lengths at most, where a regular expression
    with as many stars would keep the service busy for hours.
    """
    at = place = begin = 0
    star = -1
    while place < len(items):
        mark = marks[at] if at < len(marks) else _nothing
        if mark is None:
            star, begin = at, place
        elif mark(items[place]):
            place += 1
        elif star >= 0:
            begin += 1
            at, place = star, begin
        else:
            return False
        at += 1
    return all(mark is None for mark in marks[at:])


def _segment(segment: str) -> Callable[[str], bool]:
    """What fits a segment; a bracket that nothing closes is a letter."""
    if not has_wildcards(segment):
        return segment.__eq__
    marks: List[_Mark] = []
    place = 0
    while place < len(segment):
        letter = segment[place]
        # Behind `[` and `[!` a closing bracket is one of the letters.
        first = place + (3 if segment[place + 1 : place + 2] in ("!", "^") else 2)
        close = segment.find("]", first) if letter == "[" else -1
        if letter == "*":
            marks.append(None)
        elif letter == "?":
            marks.append(_anything)
        elif close > 0:
            marks.append(_class(segment[place + 1 : close]))
            place = close
        else:
            marks.append(letter.__eq__)
        place += 1
    return lambda name: _fits(marks, name)


def _class(inner: str) -> Callable[[str], bool]:
    """What fits the letters and ranges between brackets."""
    is_other = inner[0] in "!^"
    rest = inner[1:] if is_other else inner
    ranges: List[Tuple[str, str]] = []
    while rest:
        length = 3 if len(rest) > 2 and rest[1] == "-" else 1  # noqa: PLR2004 - a range
        low, high = rest[0], rest[length - 1]
        if low > high:
            raise ValueError(f"the range {low}-{high} in [{inner}] runs backwards")
        ranges.append((low, high))
        rest = rest[length:]
    return lambda letter: is_other is not any(low <= letter <= high for low, high in ranges)


def _anything(_: str) -> bool:
    return True


def _nothing(_: str) -> bool:
    return False
