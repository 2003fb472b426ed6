"""Finds samplers and policies by name, as the entry points of installed distributions name them.

    [project.entry-points."runyard.samplers"]        # pyproject.toml of whoever brings one
    lipo = "runyard_lipo:LipoSampler"

Options are the keyword-only parameters of the class. What is named is loaded when a sweep needs it,
and not before: some import libraries that take seconds.
"""

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from types import NoneType, UnionType
from typing import Any, get_args, get_type_hints

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.suggestions import nearest
from runyard.protocol.sweeps import NO_POLICY, PolicySpec, SamplerSpec
from runyard_server.tuning.base import Policy, Sampler, Setting
from runyard_server.tuning.checking import check_objectives, check_space

SAMPLERS = "runyard.samplers"
POLICIES = "runyard.policies"
_OURS = "runyard-server"
_KINDS: dict[str, tuple[str, type]] = {SAMPLERS: ("sampler", Sampler), POLICIES: ("policy", Policy)}
# More than a float may be too much for float() to take.
_LARGEST = 10**300
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def names(group: str) -> list[str]:
    """The names of all that is installed of a group."""
    return sorted({point.name for point in metadata.entry_points(group=group)})


def sampler(spec: SamplerSpec, setting: Setting) -> Sampler:
    """Make the sampler of a sweep.

    Args:
        spec: Its name; its options are the setting's.
        setting: What it is made for.

    Returns:
        The sampler, which has drawn nothing yet.

    Raises:
        InvalidRequest: The space or an objective is wrong, no installed distribution brings such a
            sampler, it does not have these options, or it cannot serve the setting.
    """
    check_space(setting.space)
    check_objectives(setting.objectives)
    found = _load(SAMPLERS, spec.name)
    made = found(setting, **_checked(SAMPLERS, spec.name, found, setting.options))
    assert isinstance(made, Sampler)
    return made


def policy(spec: PolicySpec, setting: Setting) -> Policy | None:
    """Make the policy of a sweep; None where it has none.

    Args:
        spec: Its name, and when it looks at a trial; its options are the setting's.
        setting: What it is made for.

    Returns:
        The policy, which was told nothing yet.

    Raises:
        InvalidRequest: There is more than one objective, no installed distribution brings such a
            policy, it does not have these options, or it cannot serve the setting.
    """
    _check_times(spec)
    found = _load(POLICIES, spec.name)
    options = _checked(POLICIES, spec.name, found, setting.options)
    if spec.name == NO_POLICY:
        return None
    check_objectives(setting.objectives)
    if len(setting.objectives) > 1:
        several = ", ".join(repr(each.name) for each in setting.objectives)
        raise InvalidRequest(
            f"the policy {spec.name!r} cannot order trials by {several}: of several objectives "
            "none is first; give one objective, or no policy"
        )
    made = found(setting, spec.evaluation_interval, spec.delay_evaluation, **options)
    assert isinstance(made, Policy)
    return made


def _check_times(spec: PolicySpec) -> None:
    for name, value, least in (
        ("evaluation_interval", spec.evaluation_interval, 1),
        ("delay_evaluation", spec.delay_evaluation, 0),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InvalidRequest(f"{name} is {value!r}; it must be a whole number from {least} on")


def _load(group: str, name: str) -> Callable[..., Any]:
    kind, base = _KINDS[group]
    point = next((each for each in _points(group, name) if each.name == name), None)
    if point is None:
        raise InvalidRequest(
            f"there is no {kind} {name[:80]!r}; "
            f"{_choices(name, names(group), 'none is installed: install runyard-server again')}"
        )
    try:
        found = point.load()
    # A stranger's module may raise anything; who named it is told, and the service goes on.
    except Exception as error:
        raise InvalidRequest(
            f"the {kind} {name!r} cannot be loaded from {point.value}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, base)):
        raise InvalidRequest(
            f"the {kind} {name!r} is {point.value}, which is no subclass of "
            f"runyard_server.tuning.base.{base.__name__}"
        )
    return found


def _points(group: str, name: str) -> Iterator[metadata.EntryPoint]:
    """The entry points of our own distribution, then those of all.

    Reading all distributions takes tens of milliseconds, and a first use waits for the service.
    """
    try:
        ours = metadata.distribution(_OURS).entry_points.select(group=group, name=name)
    except metadata.PackageNotFoundError:
        ours = metadata.EntryPoints()
    yield from ours
    yield from metadata.entry_points(group=group, name=name)


def _checked(
    group: str, name: str, found: Callable[..., Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Check options against the keyword-only parameters of a class."""
    kind, _ = _KINDS[group]
    known = {
        each.name: each
        for each in inspect.signature(found).parameters.values()
        if each.kind is inspect.Parameter.KEYWORD_ONLY
    }
    for option in options:
        if option not in known:
            raise InvalidRequest(
                f"{option!r} is no option of the {kind} {name!r}; "
                f"{_choices(option, list(known), 'it has none')}"
            )
    for option, each in known.items():
        if each.default is inspect.Parameter.empty and option not in options:
            raise InvalidRequest(f"the {kind} {name!r} needs {option!r}; give it")
    types = get_type_hints(found.__init__)
    return {
        option: _typed(f"{option} of the {kind} {name!r}", value, types.get(option, Any))
        for option, value in options.items()
    }


def _typed(what: str, value: Any, kind: Any) -> Any:
    if isinstance(kind, UnionType):
        if value is None and NoneType in get_args(kind):
            return None
        # The one type beside None: signatures of samplers and policies have no other unions.
        kind = next(each for each in get_args(kind) if each is not NoneType)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < _LARGEST else math.inf
    if kind in _WORDS and (
        not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
    ):
        raise InvalidRequest(f"{what} is {value!r}; it must be {_WORDS[kind]}")
    return value


def _choices(name: str, known: list[str], none: str) -> str:
    near = nearest(name, known, 1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return f"{guess}there are {', '.join(map(repr, known))}" if known else none
