"""Finds samplers and policies by name, as the entry points of installed distributions name them.

    [project.entry-points."runyard.samplers"]        # pyproject.toml of whoever brings one
    annealing = "my_samplers:Annealing"

What is named is loaded when a sweep needs it, and not before.
"""

from collections.abc import Iterator
from importlib import metadata
from typing import Any

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.suggestions import suggest
from runyard.protocol.sweeps import NO_POLICY, PolicySpec, SamplerSpec
from runyard_server.tuning.base import Policy, Sampler, Setting

SAMPLERS, POLICIES = "runyard.samplers", "runyard.policies"
_OURS = "runyard-server"


def sampler(spec: SamplerSpec, setting: Setting) -> Sampler:
    """Make a sampler.

    Args:
        spec: Its name; its options are the setting's.
        setting: What it is made for.

    Raises:
        InvalidRequest: There is none of that name, or it cannot serve the setting.
    """
    made: type[Sampler] = _load(SAMPLERS, "sampler", spec.name, Sampler)
    return made(setting)


def policy(spec: PolicySpec, setting: Setting) -> Policy | None:
    """Make a policy; None where a sweep has none.

    Args:
        spec: Its name, and when it looks; its options are the setting's.
        setting: What it is made for.

    Raises:
        InvalidRequest: There is none of that name, or it cannot serve the setting.
    """
    if spec.name == NO_POLICY:
        return None
    made: type[Policy] = _load(POLICIES, "policy", spec.name, Policy)
    return made(setting, spec.evaluation_interval, spec.delay_evaluation)


def names(group: str) -> list[str]:
    """The names of all that is installed of a group."""
    return sorted({point.name for point in metadata.entry_points(group=group)})


def _load(group: str, what: str, name: str, kind: type[Any]) -> type[Any]:
    point = next((each for each in _points(group, name) if each.name == name), None)
    if point is None:
        near = suggest(name, names(group), "none is installed: install runyard-server again")
        raise InvalidRequest(f"there is no {what} {name[:80]!r}; {near.sentence}")
    try:
        found: Any = point.load()
    except Exception as error:
        raise InvalidRequest(
            f"the {what} {name!r} cannot be loaded from {point.value}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise InvalidRequest(
            f"the {what} {name!r} is {point.value}, which is no subclass of "
            f"runyard_server.tuning.base.{kind.__name__}"
        )
    return found


def _points(group: str, name: str) -> Iterator[metadata.EntryPoint]:
    """The entry points of our own distribution, then those of all.

    Reading all distributions takes tens of milliseconds.
    """
    try:
        ours = metadata.distribution(_OURS).entry_points.select(group=group, name=name)
    except metadata.PackageNotFoundError:
        ours = metadata.EntryPoints()
    yield from ours
    yield from metadata.entry_points(group=group, name=name)
