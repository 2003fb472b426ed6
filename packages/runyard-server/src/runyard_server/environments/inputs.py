"""A definition in its normal form: all that decides what is installed, and nothing else.

Two definitions with the same inputs have the same hash, and so the same lock: order, comments,
names and versions of the definition do not count. What was dropped or changed on the way is kept
as notes for the build log.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from runyard.protocol import conda_locks, pythons
from runyard.protocol.environments import BY_SCRIPT, NOW, OF_WORKSPACE, EnvironmentDefinition
from runyard_server.environments import compiled, conda, conda_rule, dates, frameworks, lines

# Raised when the same inputs are to be resolved, and made, anew.
FORMAT = 1
OLDEST_PYTHON = (3, 7)
# What files of the time asked for because it was the default; 3.7 runs what they need.
_NEAR_OLDEST = ((3, 5), (3, 6))
_PLAIN_CHANNELS = ("defaults", "conda-forge", "anaconda", "pytorch", "main")


@dataclass(frozen=True)
class CondaInputs:
    """What conda is to give, where an environment is made with it.

    Args:
        packages: Specifications of conda packages, or addresses of locked ones; sorted.
        channels: The channels' addresses, those that come first before others.
        gpu: Whether the nodes have GPUs: packages ask for `__cuda` then.
    """

    packages: tuple[str, ...]
    channels: tuple[str, ...]
    gpu: bool


@dataclass(frozen=True)
class Inputs:
    """What decides the outcome of a lock.

    Args:
        platform: Operating system and processor.
        python: Version asked for, `3.7` or `3.7.16`; "" lets the service choose.
        requirements: pip requirements, sorted.
        options: Option lines for the resolver, sorted.
        index_url: Index in place of the default, "" for the default.
        as_of: ISO date; newer packages do not exist. "" for now.
        as_of_from: What this date is implied by, "" for a date that was asked for.
        compatibility: TensorFlow 1.x that is pinned and has no Python here, so that another may
            take its place; `strict` where none may; "" where all is as it is asked for.
        interpreter: Path of a user-managed interpreter, "" for a managed environment.
        conda: What conda is to give; None where pip gives everything.
        bounds: Upper bounds of packages that stand for the date, where the index tells none.
        notes: What was dropped or changed; not part of the hash.
    """

    platform: str
    python: str = ""
    requirements: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    index_url: str = ""
    as_of: str = ""
    as_of_from: str = ""
    compatibility: str = ""
    interpreter: str = ""
    conda: CondaInputs | None = None
    bounds: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def hash(self) -> str:
        """SHA-256 in hex over everything but the notes."""
        plain = asdict(replace(self, notes=()))
        for name in ("as_of_from", "compatibility", "conda", "bounds"):
            if not plain[name]:
                # Locks that were kept before there were these fields are found again.
                del plain[name]
        recipes = [compiled.RECIPE] if compiled.any_of(self.requirements) else []
        text = json.dumps([FORMAT, plain, *recipes], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def read(
    definition: EnvironmentDefinition,
    *,
    gpu: bool,
    as_of: str = "",
    conda_when: str = conda_rule.NEEDED,
    conda_channels: Sequence[str] = (),
) -> Inputs:
    """Bring a definition into its normal form.

    Args:
        definition: What the user asked for; not user-managed.
        gpu: Whether the nodes that it is for have GPUs.
        as_of: The day of its packages where it names none.
        conda_when: When conda makes it; see `conda_rule`.
        conda_channels: Conda channels where it names none.

    Raises:
        EnvironmentFailed: A line cannot be understood, or asks for files that only the client has;
            a date is none.
    """
    notes: list[str] = []
    by_conda = conda_rule.reason(definition, conda_when)
    if by_conda:
        notes.append(f"made with conda: {by_conda}")
    requirements, python = ([], _python_of(definition)) if by_conda else _conda(definition, notes)
    sorted_lines = [lines.sort(each) for text in definition.pip for each in text.splitlines()]
    notes += [line.note for line in sorted_lines if line.note]
    requirements += [line.requirement for line in sorted_lines if line.requirement]
    if not gpu:
        pairs = [frameworks.for_cpu(each) for each in requirements]
        requirements = [changed for changed, _ in pairs]
        notes += [note for _, note in pairs if note]
    indexes = [line.index_url for line in sorted_lines if line.index_url]
    by_script = definition.as_of_from.startswith(BY_SCRIPT)
    # A script tells on which days it does not run: a day in the settings says more.
    own = "" if by_script and as_of else definition.as_of
    day = dates.checked(own or as_of)
    whose = definition.as_of_from if own else "the service's settings"
    # A workspace's is somebody's word; those of frameworks and scripts may be given up.
    implied = whose if own and day and not whose.startswith(OF_WORKSPACE) else ""
    if day:
        whose = whose or ("" if definition.as_of else "the service's settings")
        why = f", from {whose}" if whose else ""
        notes.append(f"packages are as of {day}{why}; as_of='{NOW}' takes the newest")
    _note_rest(definition, notes, uses_conda=bool(by_conda))
    solved = None
    if by_conda:
        channels = conda_rule.addresses(definition, conda_channels)
        solved = CondaInputs(_conda_packages(definition), channels, gpu)
    return Inputs(
        platform=_platform(),
        python=_python(python, notes),
        # By more than lower case: a set has another order in each process, and with it the hash.
        requirements=tuple(sorted(set(requirements), key=lambda each: (each.lower(), each))),
        options=tuple(sorted({line.option for line in sorted_lines if line.option})),
        # As with pip, the last one counts.
        index_url=definition.index_url or next(reversed(indexes), ""),
        as_of=day,
        as_of_from=implied,
        conda=solved,
        notes=tuple(notes),
    )


def user_managed(interpreter: str) -> Inputs:
    """The inputs of an interpreter that is used as it is."""
    return Inputs(platform=_platform(), interpreter=interpreter)


def _conda(definition: EnvironmentDefinition, notes: list[str]) -> tuple[list[str], str]:
    """Conda packages as requirements, and the Python asked for."""
    found = [conda.mapped(spec) for spec in definition.conda]
    notes += [each.note for each in found if each.note]
    named = [each.python for each in found if each.python]
    requirements = []
    for each in found:
        line = lines.sort(each.requirement)
        requirements += [line.requirement] if line.requirement else []
        notes += [line.note] if line.note else []
    return requirements, pythons.asked(definition.python) or next(iter(named), "")


def _python_of(definition: EnvironmentDefinition) -> str:
    """The Python asked for, where conda packages stay what they are."""
    # Addresses of locked packages name their Python by themselves.
    specs = [each for each in definition.conda if conda.name_of(each) == "python"]
    named = [conda.mapped(spec).python for spec in specs]
    return pythons.asked(definition.python) or next(filter(None, named), "")


def _conda_packages(definition: EnvironmentDefinition) -> tuple[str, ...]:
    """The conda packages without Python, in one order.

    Raises:
        EnvironmentFailed: One is no specification, or a file for another kind of machine.
    """
    specs = {spec.strip() for spec in definition.conda if conda.name_of(spec) != "python"}
    for spec in specs:
        package = conda_locks.parsed(spec)
        if package is None:
            conda.mapped(spec)
        else:
            conda_rule.check_platform(package)
    return tuple(sorted(specs))


def _python(version: str, notes: list[str]) -> str:
    """The version to look for: jobs need 3.7, also where the default of old files is named."""
    parts = tuple(int(part) for part in version.split("."))[:2] if version else ()
    if parts not in _NEAR_OLDEST:
        return version
    oldest = ".".join(map(str, OLDEST_PYTHON))
    notes.append(f"Python {version} is asked for; jobs need {oldest} or newer: {oldest} is used")
    return oldest


def _note_rest(definition: EnvironmentDefinition, notes: list[str], *, uses_conda: bool) -> None:
    odd = [name for name in definition.channels if name not in _PLAIN_CHANNELS]
    if odd and not uses_conda:
        notes.append(
            f"conda channels {', '.join(odd)} are not used: packages come from pip's index"
        )
    if definition.docker_image:
        notes.append(
            f"base image {definition.docker_image} has no part in this environment, which is a "
            "virtual environment: runs see both, where the service has a container engine"
        )


def _platform() -> str:
    # Loaded when first asked: its tables are 0.2 MB of a service that has not run anything.
    import sysconfig

    return sysconfig.get_platform()
