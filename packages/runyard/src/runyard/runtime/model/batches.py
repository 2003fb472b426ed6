"""Calls that are answered together, where the model takes several at once.

A script marked `@batched` is given the inputs of all in a list, whatever protocols they came by. To
any other model the rows of all
are one call, as far as inputs have the same names, types and shapes beyond the first axis, and the
answers are cut out of its outputs. Where that fails each call is made alone, so that one bad row
fails alone.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Deque, Dict, Hashable, List, NamedTuple, Optional, Tuple

from runyard.protocol.endpoints import SCORE
from runyard.runtime.model import answers, protocols
from runyard.runtime.model.engine import encode
from runyard.runtime.model.flavors.arrays import ArrayFlavor
from runyard.runtime.model.script import Script
from runyard.runtime.model.served import ONLY_OUTPUT, Refused, Reply, note

if TYPE_CHECKING:
    from runyard.protocol.frames import Call
    from runyard.runtime.model.engine import Engine
    from runyard.runtime.model.line import Frame
    from runyard.runtime.model.protocols.binding import Request


class Waiting(NamedTuple):
    """A call, and what its protocol has made of it."""

    frame: Frame
    call: Call
    request: Request


class Batches:
    """Gathers calls for the model.

    Args:
        engine: What answers.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def answer(self, pending: Deque[Frame], most: int) -> List[bytes]:
        """The ANSWERs to the first calls that wait; they are taken off.

        Args:
            pending: What waits, at least one.
            most: How many rows are answered at once.
        """
        frames = [pending.popleft() for _ in range(min(most, len(pending)))]
        with self._engine.running():
            if isinstance(self._engine.flavor, Script):
                return self._together(self._engine.flavor, frames)
            if isinstance(self._engine.flavor, ArrayFlavor) and len(frames) > 1:
                return self._by_rows(self._engine.flavor, frames, most)
        return [self._engine.answer(frame) for frame in frames]

    def _together(self, script: Script, frames: List[Frame]) -> List[bytes]:
        """What a script takes at once: what came to `/score`, and what came by other protocols."""
        began = time.monotonic()
        calls = [(frame, self._engine.read(frame)) for frame in frames]
        scored = [(frame, call) for frame, call in calls if call.protocol == SCORE]
        replies = script.score_many([(call, frame.body) for frame, call in scored])
        took = time.monotonic() - began
        done = [_encoded(frame, reply, took) for (frame, _), reply in zip(scored, replies)]
        others = [(frame, call) for frame, call in calls if call.protocol != SCORE]
        return done + self._others(script, others)

    def _others(self, script: Script, calls: List[Tuple[Frame, Call]]) -> List[bytes]:
        began = time.monotonic()
        done: List[bytes] = []
        waiting: List[Waiting] = []
        given: List[Dict[str, Any]] = []
        for frame, call in calls:
            each = self._read(script, frame, call)
            if each is None:
                # What cannot be read is told so as a call that came alone.
                done.append(self._engine.answer(frame))
            else:
                waiting.append(each[0])
                given.append(each[1])
        results = script.together(given)
        if results is None:
            return done + [self._engine.answer(one.frame) for one in waiting]
        took = time.monotonic() - began
        return done + [
            self._one_answer(each, {ONLY_OUTPUT: result}, took)
            for each, result in zip(waiting, results)
        ]

    @staticmethod
    def _read(script: Script, frame: Frame, call: Call) -> Optional[Tuple[Waiting, Dict[str, Any]]]:
        """A call of another protocol, and what `run` would be called with; None: it is none."""
        try:
            request = protocols.read(call, frame.body, script)
            return Waiting(frame, call, request), script.given_of(request.inputs)
        except BaseException:  # noqa: BLE001 - whatever a request makes its reader raise
            return None

    def _by_rows(self, flavor: ArrayFlavor, frames: List[Frame], most: int) -> List[bytes]:
        done: List[bytes] = []
        groups: Dict[Hashable, List[Waiting]] = {}
        for frame in frames:
            call = self._engine.read(frame)
            try:
                request = _request(flavor, call, frame.body)
                # What cannot be with others is a group of its own.
                key = _key(request) or (frame.number,)
                groups.setdefault(key, []).append(Waiting(frame, call, request))
            except Refused as refused:
                done.append(_encoded(frame, _refusal(call, refused), 0.0))
            except BaseException:  # noqa: BLE001 - whatever a request makes a flavor raise
                # Raised further it would end the worker, and with it the calls of all others.
                done.append(self._engine.answer(frame))
        for group in groups.values():
            for part in _parts(group, most):
                done += self._one_call(flavor, part)
        return done

    def _one_call(self, flavor: ArrayFlavor, group: List[Waiting]) -> List[bytes]:
        began = time.monotonic()
        try:
            outputs = _called(flavor, [each.request for each in group])
        except BaseException as error:  # noqa: BLE001 - whatever a model raises
            if len(group) > 1:
                note(f"a batch of {len(group)} failed, each is tried alone: {answers.told(error)}")
            return [self._engine.answer(each.frame) for each in group]
        took = time.monotonic() - began
        return [self._one_answer(each, found, took) for each, found in zip(group, outputs)]

    def _one_answer(self, waiting: Waiting, outputs: Dict[str, Any], took: float) -> bytes:
        try:
            if isinstance(self._engine.flavor, Script):
                outputs = self._engine.flavor.outputs_of(outputs[ONLY_OUTPUT])
            reply = waiting.request.write(outputs)
        except Refused as refused:
            reply = _refusal(waiting.call, refused)
        except BaseException:  # noqa: BLE001 - whatever outputs do to who writes them
            # Made once more it is answered and logged as a call that came alone.
            return self._engine.answer(waiting.frame)
        return _encoded(waiting.frame, reply, took)


def _request(flavor: ArrayFlavor, call: Call, body: bytes) -> Request:
    if call.protocol == SCORE:
        return flavor.read(call, body)
    return protocols.read(call, body, flavor)


def _key(request: Request) -> Optional[Hashable]:
    """What must be the same for two requests to be one call; None where one must be alone."""
    forms = [(name, _form(value)) for name, value in sorted(request.inputs.items())]
    if not request.rows or not forms or any(form is None for _, form in forms):
        return None
    # As text: parameters may hold lists, which are no keys.
    return request.signature, json.dumps(request.parameters, sort_keys=True), tuple(forms)


def _form(value: Any) -> Optional[Hashable]:
    """What rows of an input are: the type and the shape of an array, or of a list's first row."""
    if isinstance(value, list) and value:
        first = value[0]
        inner = tuple(first) if isinstance(first, dict) else len(first) if _many(first) else -1
        return type(first).__name__, inner
    if getattr(value, "ndim", 0):
        return str(value.dtype), tuple(value.shape[1:])
    return None


def _many(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _parts(group: List[Waiting], most: int) -> List[List[Waiting]]:
    """A group in parts of at most so many rows; a call that has more is a part."""
    parts: List[List[Waiting]] = [[]]
    rows = 0
    for each in group:
        if parts[-1] and rows + each.request.rows > most:
            parts.append([])
            rows = 0
        parts[-1].append(each)
        rows += each.request.rows
    return parts


def _called(flavor: ArrayFlavor, requests: List[Request]) -> List[Dict[str, Any]]:
    """The outputs for each of the requests, by one call.

    Raises:
        ValueError: An output has not as many rows as went in.
    """
    first = requests[0]
    if len(requests) == 1:
        return [flavor.call(first.inputs, first.signature, first.parameters)]
    inputs = {name: _joined([each.inputs[name] for each in requests]) for name in first.inputs}
    outputs = flavor.call(inputs, first.signature, first.parameters)
    total = sum(each.rows for each in requests)
    for name, value in outputs.items():
        # A model that sums over its rows has one answer for all of them: nothing to be cut up.
        if not hasattr(value, "__len__") or len(value) != total:
            raise ValueError(f"output {name!r} has not the {total} rows that went in")
    found, place = [], 0
    for each in requests:
        end = place + each.rows
        found.append({name: value[place:end] for name, value in outputs.items()})
        place = end
    return found


def _joined(values: List[Any]) -> Any:
    if isinstance(values[0], list):
        return [row for value in values for row in value]
    import numpy as np

    return np.concatenate(values)


def _refusal(call: Call, refused: Refused) -> Reply:
    if call.protocol == SCORE:
        return answers.refusal(refused)
    return protocols.refusal(call, refused)


def _encoded(frame: Frame, reply: Reply, seconds: float) -> bytes:
    return encode(frame.number, reply, seconds)
