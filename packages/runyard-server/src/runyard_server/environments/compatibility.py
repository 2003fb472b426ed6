"""Compatibility mode: TensorFlow 1.x by today's TensorFlow 2, where no Python for it can be had.

    considered   what a definition, or the settings, say of it beside the Pythons of this machine
    instead      the packages in the place of those asked for
    lock         the lock of those, with the line by which the interpreters of its jobs know what
                 to be (`runyard.runtime.compatibility` has them behave as TensorFlow 1.x did)

Whether the Python is here is part of a definition's hash. So one that was installed since gives
TensorFlow 1.x itself to the next run, and a lock in this mode is found again without another try to
fetch one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from runyard.protocol import compatibility, frameworks
from runyard.protocol.compatibility import STRICT
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.frameworks import FrameworkVersion
from runyard_server.environments import (
    compiled,
    interpreters,
    lines,
    pythons,
    resolver,
    selection,
)
from runyard_server.environments.conda_rule import CondaSettings
from runyard_server.environments.failures import EnvironmentFailed
from runyard_server.environments.inputs import OLDEST_PYTHON, Inputs, read, user_managed
from runyard_server.environments.resolver import Tool
from runyard_server.environments.selection import Selected

# Keras 2, which `tf.layers` and the `tf.keras` of that time need.
LEGACY_KERAS = "tf-keras"
# Scripts of that time import it, too; in the job it is the same.
_KERAS = "keras"
_ON = " on "
_PIN = re.compile(
    r"^(tensorflow[\w\-]*)(?:\[[^\]]*\])?\s*==\s*([^\s;\\]+)", re.MULTILINE | re.IGNORECASE
)
_TOLD = re.compile(rf"[\w\-]+==[\w.]+{_ON}[\w\-]+==[\w.]+")


class LockSettings(CondaSettings, Protocol):
    """The settings that decide about locks."""

    @property
    def environments_as_of(self) -> str:
        """The day of the packages of definitions that name none; "" for today."""
        ...

    @property
    def environments_compatibility(self) -> str:
        """`strict` where nothing may take the place of what was asked for."""
        ...


def inputs_of(
    definition: EnvironmentDefinition, settings: LockSettings, *, gpu: bool, conda: str = ""
) -> Inputs:
    """All that decides about the lock of a definition.

    Args:
        definition: What the user asked for.
        settings: What was set.
        gpu: Whether the nodes that it is for have GPUs.
        conda: When conda makes it, in place of what was set.

    Raises:
        EnvironmentFailed: It cannot be understood, or is refused.
    """
    if definition.user_managed:
        return user_managed(interpreters.located(definition.interpreter))
    inputs = read(
        definition,
        gpu=gpu,
        as_of=settings.environments_as_of,
        conda_when=conda or settings.conda,
        conda_channels=settings.conda_channels,
    )
    if inputs.conda is not None:
        # conda brings the Python that an old version needs.
        return inputs
    return considered(inputs, definition, settings.environments_compatibility)


def considered(inputs: Inputs, definition: EnvironmentDefinition, setting: str) -> Inputs:
    """The inputs with what may take the place of TensorFlow 1.x, if its Python is not here.

    Args:
        inputs: The definition in normal form.
        definition: The definition.
        setting: What the service's settings say: `strict`, or "".

    Raises:
        EnvironmentFailed: Another version stands for the one that was asked for, and the settings
            refuse that.
    """
    said, strict = definition.compatibility, STRICT in (definition.compatibility, setting)
    if said not in ("", STRICT):
        return replace(inputs, compatibility=_checked(said, strict=strict))
    if strict:
        _check_instead(inputs)
        return replace(inputs, compatibility=STRICT)
    if _old(inputs) is None or interpreters.has(OLDEST_PYTHON):
        return inputs
    return replace(inputs, compatibility=_requirement(inputs))


def lock(
    inputs: Inputs,
    tool: Tool,
    log: Callable[[str], None],
    locked: Callable[[Inputs], Selected],
    *,
    fetch: bool,
) -> Selected:
    """The lock as it is asked for if its Python can be fetched, else today's in its place.

    Args:
        inputs: What `considered` gave, with something to consider.
        tool: The resolver, which may fetch a Python.
        log: Takes what users should know.
        locked: Resolves.
        fetch: Whether a Python may be fetched.

    Raises:
        EnvironmentFailed: Neither can be had, or nothing may take the other's place.
    """
    if inputs.compatibility == STRICT and (_old(inputs) is None or interpreters.has(OLDEST_PYTHON)):
        return locked(inputs)
    if _ON in inputs.compatibility:
        # A run once more: the one before was told.
        found = locked(inputs)
        return replace(found, lines=found.lines + _line(inputs.compatibility))
    try:
        pythons.choose(inputs, tool, log, fetch=fetch)
    except EnvironmentFailed as missing:
        if not _may_stand_in(inputs):
            raise _refused(inputs, missing) from None
        log(missing.message)
        try:
            return _locked_instead(inputs, tool, log, locked, fetch=fetch)
        except EnvironmentFailed as error:
            other = f"TensorFlow {_newest().version} in compatibility mode cannot take its place"
            told = f"{missing.message}. {other}: {error.message}"
            raise EnvironmentFailed(told, missing.details) from error
    return locked(inputs)


def _may_stand_in(inputs: Inputs) -> bool:
    # A day that somebody gave rules out all that is younger, as the stand-in is.
    return inputs.compatibility != STRICT and not (inputs.as_of and not inputs.as_of_from)


def _refused(inputs: Inputs, missing: EnvironmentFailed) -> EnvironmentFailed:
    """The failure to get the Python, with why nothing takes TensorFlow's place."""
    other = f"TensorFlow {_newest().version} in compatibility mode, which would take its place,"
    why = f"is refused by compatibility='{STRICT}'"
    if inputs.compatibility != STRICT:
        why = f"is younger than as_of='{inputs.as_of}'"
    return EnvironmentFailed(f"{missing.message}. {other} {why}", missing.details)


def _locked_instead(
    inputs: Inputs,
    tool: Tool,
    log: Callable[[str], None],
    locked: Callable[[Inputs], Selected],
    *,
    fetch: bool,
) -> Selected:
    """The lock of what takes TensorFlow 1.x's place, in newer versions of what goes with it."""
    wanted = instead(inputs)
    own = set(_added(inputs))
    pins = [each for each in selection.bounded(wanted) if each not in own]
    python = pythons.choose(wanted, tool, log, fetch=fetch)
    # What has no wheel would be built from sources of that time, which today's Python refuses.
    freed = [each for each in pins if not resolver.has_wheel(wanted, each, python, tool)]
    try:
        return _marked(inputs, locked(_freed(wanted, freed)), freed)
    except EnvironmentFailed:
        if freed == pins:
            raise
    return _marked(inputs, locked(_freed(wanted, pins)), pins)


def instead(inputs: Inputs) -> Inputs:
    """The inputs with today's TensorFlow 2 and what has it behave as 1.x, of no day.

    Args:
        inputs: Those that pin TensorFlow 1.x.
    """
    row = _old(inputs)
    assert row is not None
    # The old row's bounds came with it from the SDK, and hold for nothing else.
    dropped = {*row.pip, *row.gpu}
    gone = {lines.package(row.pip[0]), lines.package(row.gpu[0]), "tensorflow-cpu", _KERAS}
    kept = [
        _any_version(each) if lines.package(each) == compiled.HOROVOD else each
        for each in inputs.requirements
        if each not in dropped and lines.package(each) not in gone
    ]
    named = set(map(lines.package, kept))
    kept += [each for each in _added(inputs) if lines.package(each) not in named]
    return replace(inputs, python="", requirements=tuple(sorted(kept)), as_of="", as_of_from="")


def _any_version(requirement: str) -> str:
    """A requirement without its version: the Horovod of that time compiles for nothing of today."""
    return re.sub(r"[=<>~!].*", "", requirement)


def _added(inputs: Inputs) -> list[str]:
    """Today's TensorFlow, for GPUs where the old one was, and the Keras of before."""
    newest = _newest()
    of_gpu = "tensorflow-gpu" in map(lines.package, inputs.requirements)
    return [*(newest.gpu if of_gpu else newest.pip), f"{LEGACY_KERAS}=={newest.version}.*"]


def _freed(inputs: Inputs, pins: Sequence[str]) -> Inputs:
    """The inputs with any version of some packages."""
    found = {lines.package(each) if each in pins else each for each in inputs.requirements}
    return replace(inputs, requirements=tuple(sorted(found)))


def _marked(inputs: Inputs, found: Selected, freed: Sequence[str]) -> Selected:
    """A lock with its mark, and with the warnings for whoever sees the run."""
    pin = _PIN.search(found.lines)
    on, version = pin.groups() if pin else ("tensorflow", _newest().version)
    old = inputs.compatibility.partition("==")[2]
    python = f"Python {_oldest()}"
    told = (
        f"TensorFlow {old} needs {python}, which could not be had: it runs on TensorFlow {version} "
        f"in compatibility mode, with what that still has of 1.x; install {python} for {old} "
        f"itself, or refuse this with compatibility='{STRICT}'"
    )
    notes = [told]
    if freed:
        notes.append(f"{', '.join(freed)}: the newest that fits TensorFlow {version} is used")
    line = _line(f"{inputs.compatibility}{_ON}{on}=={version}")
    return replace(found, lines=found.lines + line, notes=(*notes, *found.notes))


def _old(inputs: Inputs) -> FrameworkVersion | None:
    """The row of the TensorFlow 1.x that is pinned, if jobs can run it on the oldest Python."""
    if inputs.python and not inputs.python.startswith(_oldest()):
        return None
    for row in frameworks.pinned(inputs.requirements):
        if row.framework == frameworks.TENSORFLOW and row.version.startswith("1."):
            # Of those before 1.13 another one stands in already.
            return None if row.instead else row
    return None


def _checked(told: str, *, strict: bool) -> str:
    """What the definition of a run once more says of the lock that it was made of."""
    if not _TOLD.fullmatch(told):
        raise EnvironmentFailed(
            f"compatibility={told!r} is nothing that a lock says; it is '{STRICT}', or left out"
        )
    if strict:
        raise EnvironmentFailed(
            f"{told} is compatibility mode, which compatibility='{STRICT}' of the service's "
            "settings refuses"
        )
    return told


def _check_instead(inputs: Inputs) -> None:
    """Refuse rows that other versions stand for; the SDK names the framework with its day."""
    framework, _, version = inputs.as_of_from.partition(" ")
    known = framework in frameworks.FRAMEWORKS
    row = frameworks.rows(framework).get(version) if known else None
    if row is not None and row.instead:
        raise EnvironmentFailed(
            f"{row.note}, which compatibility='{STRICT}' refuses: ask for {framework} {row.instead}"
        )


def _requirement(inputs: Inputs) -> str:
    """The pin of TensorFlow 1.x, without extras and markers."""
    pins = [_PIN.match(each) for each in inputs.requirements]
    return next(f"tensorflow=={pin[2]}" for pin in pins if pin)


def _newest() -> FrameworkVersion:
    return frameworks.rows(frameworks.TENSORFLOW)[frameworks.newest(frameworks.TENSORFLOW)]


def _oldest() -> str:
    return ".".join(map(str, OLDEST_PYTHON))


def _line(told: str) -> str:
    return f"{compatibility.MARK}{told}\n"
