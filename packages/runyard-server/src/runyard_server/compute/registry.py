"""Finds backends by name, as the entry points of installed distributions name them.

    [project.entry-points."runyard.backends"]        # pyproject.toml of whoever brings one
    ssh = "runyard_ssh.backend:SshBackend"

What is named is loaded when a site of the settings needs it, and not before.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, get_type_hints

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.suggestions import nearest
from runyard_server.compute.base import Backend, SiteContext

GROUP = "runyard.backends"
_OURS = "runyard-server"
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def kinds() -> list[str]:
    """The names of all backends that are installed."""
    return sorted({point.name for point in metadata.entry_points(group=GROUP)})


def make(kind: str, context: SiteContext, options: Mapping[str, Any]) -> Backend:
    """Make the backend of a site.

    Args:
        kind: The backend's name.
        context: What it is told of the service.
        options: What the site's settings say beside the backend's name.

    Returns:
        The backend, of that kind.

    Raises:
        InvalidRequest: No installed distribution brings such a backend, it cannot be loaded, or it
            does not have these options; the message names what there is, the nearest first.
    """
    found = _load(kind, context.name)
    given = _checked(kind, found, options, f"sites.{context.name}")
    maker: Callable[..., Backend] = found
    return maker(context, **given)


def _load(kind: str, site: str) -> type[Backend]:
    point = next((each for each in _points(kind) if each.name == kind), None)
    if point is None:
        raise InvalidRequest(
            f"site {site!r} names the backend {kind!r}, which no installed package brings; "
            f"{_choices(kind, kinds(), 'none is installed: install runyard-server again')}"
        )
    try:
        found = point.load()
    except Exception as error:
        raise InvalidRequest(
            f"the backend {kind!r} of site {site!r} cannot be loaded from {point.value}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Backend)):
        raise InvalidRequest(
            f"the backend {kind!r} of site {site!r} is {point.value}, which is no subclass of "
            "runyard_server.compute.base.Backend"
        )
    return found


def _points(kind: str) -> Iterator[metadata.EntryPoint]:
    """The entry points of our own distribution, then those of all.

    Reading all distributions takes tens of milliseconds, and a first use waits for the service.
    """
    try:
        ours = metadata.distribution(_OURS).entry_points.select(group=GROUP, name=kind)
    except metadata.PackageNotFoundError:
        ours = metadata.EntryPoints()
    yield from ours
    yield from metadata.entry_points(group=GROUP, name=kind)


def _checked(
    kind: str, found: type[Backend], options: Mapping[str, Any], origin: str
) -> dict[str, Any]:
    """Check a site's options against the keyword-only parameters of its backend's class."""
    signature = inspect.signature(found)
    known = {
        each.name: each
        for each in signature.parameters.values()
        if each.kind is inspect.Parameter.KEYWORD_ONLY
    }
    for name in options:
        if name not in known:
            names = ["backend", "service_url", "environments_gb", *known]
            raise InvalidRequest(
                f"{name!r} in [{origin}] is no option of the backend {kind!r}; "
                f"{_choices(name, names, '')}"
            )
    for name, each in known.items():
        if each.default is inspect.Parameter.empty and name not in options:
            raise InvalidRequest(f"the backend {kind!r} needs {name!r} in [{origin}]; set it")
    types = get_type_hints(found.__init__)
    return {
        name: _typed(name, value, types.get(name, Any), origin) for name, value in options.items()
    }


def _typed(name: str, value: Any, kind: Any, origin: str) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # A bool is an int in Python, and an option that counts is not to be true.
    simple = kind in _WORDS or kind is Path
    if simple and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
        raise InvalidRequest(
            f"{name} in [{origin}] is {value!r}; it must be {_WORDS.get(kind, 'a path')}"
        )
    return value


def _choices(name: str, names: list[str], none: str) -> str:
    near = nearest(name, names, 1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return f"{guess}there are {', '.join(map(repr, names))}" if names else none
