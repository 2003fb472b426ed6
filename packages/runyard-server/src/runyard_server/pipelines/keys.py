"""When one step may stand for another: a digest of all that decides what a step makes.

It is made of contents, never of names or times: the files of the folder, the lock of the
environment, the bytes of what is read. What steps, ports, pipelines and experiments are called,
where a step runs, how long it may take and where its data lie is not in it, so a comment that
leaves step 1's result as it was lets step 2 be reused. The parts are kept beside the digest: from
two of them `why` tells people what was different.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

# Another number makes every step of before another one: for changes of what a part means.
FORMAT = 1
_FILES_NAMED = 3
_MENTION = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True)
class Read:
    """What a step reads.

    Args:
        name: The port's name, for people alone.
        digest: Of the content.
        mode: How it is read.
        files: Marks of its files by path, where they are few; for people alone.
    """

    name: str
    digest: str
    mode: str
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parts:
    """All that decides what a step makes.

    Args:
        kind: The kind of step.
        source: File by path of its folder, each as a digest.
        script: What it starts: a script or a command.
        arguments: Its arguments; see `plain`.
        launcher: How its processes are started, and how many.
        environment: Digest of its environment's lock.
        packages: The lines of that lock, for people alone.
        variables: Its environment variables.
        gpu: Whether frameworks are those for GPUs.
        inputs: What it reads, in order.
        outputs: What it makes, in order, without names and places.
        version: What its author counts up to have it run anew.
        sweep: Of a sweep, what decides about its trials.
    """

    kind: str
    source: dict[str, str]
    script: list[str]
    arguments: list[str]
    launcher: dict[str, Any]
    environment: str
    packages: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    gpu: bool = False
    inputs: list[Read] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    version: str = ""
    sweep: dict[str, Any] = field(default_factory=dict)


def digest(parts: Parts) -> str:
    """The digest by which equal steps are found."""
    told = asdict(replace(parts, inputs=[]))
    # They follow from the lock's digest, and names are nobody's content.
    del told["packages"]
    told["inputs"] = [[each.digest, each.mode] for each in parts.inputs]
    text = json.dumps({"format": FORMAT, **told}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def plain(arguments: Sequence[str], ports: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Arguments without the names in them: ports are numbers, parameters their values.

    Args:
        arguments: The arguments, in which `$name` stands for a variable.
        ports: The variables of what is read and made, in order.
        values: The values of parameters, by variable.
    """
    numbers = {name: f"${{{number}}}" for number, name in enumerate(ports)}

    def put(found: "re.Match[str]") -> str:
        name = found[1] or found[2]
        return numbers.get(name) or values.get(name, found[0])

    return [_MENTION.sub(put, each) for each in arguments]


def mentioned(arguments: Sequence[str]) -> set[str]:
    """The variables that arguments name."""
    return {found[1] or found[2] for each in arguments for found in _MENTION.finditer(each)}


def why(now: Parts, before: Parts | None) -> str:
    """What differs from the newest result of the step of this name, in a few words.

    Args:
        now: What is to run.
        before: What has run; None: nothing of this name has.
    """
    if before is None:
        return "no step of this name has completed yet"
    found = [
        *_source(now.source, before.source),
        *_packages(now, before),
        *_inputs(now.inputs, before.inputs),
        *(
            f"{name} changed"
            for name in (*("kind", "script", "arguments", "launcher"), *("variables", "gpu"))
            if getattr(now, name) != getattr(before, name)
        ),
    ]
    if now.outputs != before.outputs:
        found.append("what it makes changed")
    if now.version != before.version:
        found.append(f"version {before.version or 'none'} → {now.version or 'none'}")
    if now.sweep != before.sweep:
        found.append("the sweep changed")
    return ", ".join(found) or "what it made before is not there any more, or was changed"


def _source(now: Mapping[str, str], before: Mapping[str, str]) -> list[str]:
    changed = sorted(path for path in {*now, *before} if now.get(path) != before.get(path))
    if not changed:
        return []
    more = f" and {len(changed) - _FILES_NAMED} more" if len(changed) > _FILES_NAMED else ""
    return [f"source changed ({', '.join(changed[:_FILES_NAMED])}{more})"]


def _packages(now: Parts, before: Parts) -> list[str]:
    if now.environment == before.environment:
        return []
    new, old = _versions(now.packages), _versions(before.packages)
    differ = sorted(name for name in {*new, *old} if new.get(name) != old.get(name))
    if not differ:
        return ["the environment changed"]
    told = [f"{name} {old.get(name, 'none')} → {new.get(name, 'none')}" for name in differ]
    more = [f"{len(told) - _FILES_NAMED} more packages"] if len(told) > _FILES_NAMED else []
    return told[:_FILES_NAMED] + more


def _versions(lines: Sequence[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        name, same, rest = line.partition("==")
        if same:
            found[name.strip()] = rest.split()[0].rstrip("\\") if rest.split() else ""
    return found


def _inputs(now: Sequence[Read], before: Sequence[Read]) -> list[str]:
    if len(now) != len(before):
        return [f"{len(now)} inputs, {len(before)} before"]
    return [
        f"input {new.name}: {_difference(new, old)}"
        for new, old in zip(now, before, strict=True)
        if (new.digest, new.mode) != (old.digest, old.mode)
    ]


def _difference(now: Read, before: Read) -> str:
    if now.digest == before.digest:
        return "its mode"
    paths = {*now.files, *before.files}
    differ = sum(now.files.get(path) != before.files.get(path) for path in paths)
    # Where one of them has too many files nothing is known of each.
    if not (now.files and before.files and differ):
        return "other bytes"
    return f"{differ} of {len(paths)} files differ" if len(paths) > 1 else "its file differs"
