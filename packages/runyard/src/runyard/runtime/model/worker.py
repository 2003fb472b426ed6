"""The worker: loads the model, calls the gateway, and answers until it is told to end.

One thread, the first, loads the model and calls it, unless the deployment's `concurrency` is more:
scripts of 2019 keep a session or a graph that belongs to the thread. Each answer is sent before the
next call begins, so that the gateway knows which calls a dead worker had begun. A second thread
gives signs of life; it ends the process when its supervisor is gone.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import socket
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Deque, List, Optional, Tuple

from runyard.protocol import codec
from runyard.protocol.errors import RunyardError
from runyard.protocol.frames import (
    ANSWER,
    BEAT,
    CALL,
    CANCEL,
    DRAIN,
    ERROR,
    LARGEST_META,
    READY,
    UNMARKED,
    WELCOME,
    WORKER,
    Answer,
    Ready,
    Welcome,
    pack,
    reuse_memory,
)
from runyard.runtime.model import answers, application, flavors
from runyard.runtime.model.batches import Batches
from runyard.runtime.model.dialing import Dialer, Identity
from runyard.runtime.model.engine import Engine
from runyard.runtime.model.line import Frame, Line, frame, meta
from runyard.runtime.model.pool import Pool
from runyard.runtime.model.pulse import Pulse
from runyard.runtime.model.served import note

if TYPE_CHECKING:
    from runyard.protocol.serving import WorkerSpec
    from runyard.runtime.model.served import Flavor

LOAD_FAILED = 3
# After a call of so many seconds, what came meanwhile is read: it may cancel what waits.
QUICK_SECONDS = 0.005
# Calls that take less than this, in seconds, are answered together, for so long and so many.
SHORT, TOGETHER_SECONDS, TOGETHER = 0.0003, 0.0003, 32
# Of the time that calls usually take, the newest is an eighth.
SMOOTHING = 8
# What a call is answered with that was canceled before it began: its place is free again.
CANCELED = Answer(499)
_PR_SET_PDEATHSIG = 1


class Worker:
    """A loaded model and its connection to the gateway.

    Args:
        flavor: The model.
        ready: What is told of it.
        dialer: Finds the gateway.
        pulse: The thread that gives signs of life.
    """

    def __init__(self, flavor: Flavor, ready: Ready, dialer: Dialer, pulse: Pulse) -> None:
        self._engine = Engine(flavor)
        self._ready = ready
        self._dialer = dialer
        self._pulse = pulse
        self._pending: Deque[Frame] = deque()
        self._last = False
        self._pool: Optional[Pool] = None
        self._batches = Batches(self._engine)
        self._heed(pulse.settings)
        # How long calls take, the newest counting most.
        self._usual = SHORT
        pulse.running = self._engine.longest

    def run(self) -> None:
        """Answer until there is nothing more to answer."""
        while not self._pulse.draining:
            found = self._dialer.dial(lambda: self._pulse.draining)
            if found is None:
                return
            line, welcome = found
            self._heed(welcome)
            try:
                line.send(frame(READY, 0, self._ready))
                self._pulse.line = line
                self._serve(line)
            except (OSError, EOFError, RunyardError, ValueError):
                # The gateway has gone, and with it who waited for these calls.
                self._pending.clear()
                if self._pool is not None:
                    self._pool.drop()
            finally:
                self._pulse.line = None
                line.close()

    def _serve(self, line: Line) -> None:
        if self._pulse.draining:
            # It was told so before this connection was there.
            line.send(pack(DRAIN, 0))
        while not (self._last and not self._pending):
            if not self._pending:
                self._take(line, None)
                continue
            began = time.monotonic()
            self._answer(line)
            if self._pending and time.monotonic() - began > QUICK_SECONDS:
                self._take(line, 0)
        if self._pool is not None:
            self._pool.finish()

    def _answer(self, line: Line) -> None:
        if self._one_by_one:
            self._answer_short(line)
            return
        if line.mark is not None:
            line.mark.begin(UNMARKED)
        if self._gathers:
            batching = self._pulse.settings.batching
            self._gather(line, batching.max_batch, batching.max_wait_ms / 1000)
            line.send(b"".join(self._batches.answer(self._pending, batching.max_batch)))
        else:
            self._hand_over(line)

    def _answer_short(self, line: Line) -> None:
        """Answer the next call, and where calls are short those behind it in the same breath.

        Sending and waking the gateway take as long as a short call.
        """
        pending, mark, answer = self._pending, line.mark, self._engine.answer
        done: List[bytes] = []
        began = before = time.monotonic()
        while True:
            call = pending.popleft()
            if mark is not None:
                mark.begin(call.number)
            done.append(answer(call))
            now = time.monotonic()
            # A call in which the system has run others says little about the next.
            self._usual += (min(now - before, 2 * SHORT) - self._usual) / SMOOTHING
            before = now
            if not pending or mark is None or self._usual >= SHORT:
                break
            if now - began > TOGETHER_SECONDS or len(done) >= TOGETHER:
                break
        line.send(done[0] if len(done) == 1 else b"".join(done))

    def _gather(self, line: Line, most: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        while len(self._pending) < most and not self._last:
            left = until - time.monotonic()
            if left <= 0:
                return
            self._take(line, left)

    def _hand_over(self, line: Line) -> None:
        if self._pool is None:
            self._pool = Pool(self._engine)
        self._pool.grow(self._pulse.settings.limits.concurrency)
        while self._pending:
            self._pool.take(line, self._pending.popleft())

    def _take(self, line: Line, wait: Optional[float]) -> None:
        """Read what is there."""
        for each in line.receive(wait):
            if each.kind == CALL:
                self._pending.append(each)
            elif each.kind == CANCEL:
                self._cancel(line, each.number)
            elif each.kind == DRAIN:
                self._last = True
            elif each.kind == WELCOME:
                self._heed(meta(Welcome, each.meta) if each.meta else None)
            elif each.kind not in (BEAT, ERROR):
                told = f"a worker takes no frame of kind {each.kind}"
                line.send(pack(ERROR, each.number, body=told.encode("ascii")))

    def _cancel(self, line: Line, number: int) -> None:
        left = deque(each for each in self._pending if each.number != number)
        waited = len(left) < len(self._pending)
        self._pending = left
        if waited or (self._pool is not None and self._pool.cancel(number)):
            line.send(frame(ANSWER, number, CANCELED))

    def _heed(self, settings: Optional[Welcome]) -> None:
        if settings is None:
            return
        self._pulse.settings = settings
        self._gathers = self._ready.batched and settings.batching.max_batch > 1
        self._one_by_one = not self._gathers and settings.limits.concurrency <= 1


def main(control: int) -> int:
    """Be the worker of the app root that is the working folder; the exit status.

    Args:
        control: The file descriptor of the life line to the supervisor.
    """
    _die_with_supervisor()
    reuse_memory()
    root = os.getcwd()
    spec, identity = application.read(root), Identity.of(dict(os.environ))
    for name in application.HIDDEN:
        os.environ.pop(name, None)
    sock = socket.socket(fileno=control)
    # A child of the script would keep it open, and the supervisor would wait for its end.
    sock.set_inheritable(False)
    pulse = Pulse(sock, Welcome(spec.limits, spec.batching, spec.liveness))
    # A crash within a framework leaves its stack in the log; SIGUSR1 asks for that of a hanging
    # call.
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    _show_log()
    try:
        flavor, ready = load(spec)
    except BaseException as error:  # noqa: BLE001 - whatever a user's code raises
        answers.log()
        pulse.failed(f"init() failed: {answers.told(error)}")
        return LOAD_FAILED
    note(f"ready after {ready.init_seconds:.1f} s: {ready.framework}")
    pulse.loaded()
    Worker(flavor, ready, Dialer(identity, WORKER), pulse).run()
    return 0


def load(spec: WorkerSpec) -> Tuple[Flavor, Ready]:
    """Load the model, and tell what can be asked of it.

    Args:
        spec: What is served.
    """
    began = time.monotonic()
    flavor = flavors.find(spec)
    signatures = flavor.load(spec)
    ready = Ready(
        input=flavor.input,
        swagger=flavor.swagger,
        signatures={name: each.to_plain() for name, each in signatures.items()},
        batched=flavor.batched,
        framework=flavor.framework,
        init_seconds=round(time.monotonic() - began, 3),
        platform=flavor.platform,
        headers=flavor.wants_headers,
        ordered=True,
    )
    if len(codec.encode(ready)) > LARGEST_META:
        note(
            "the swagger documents are too large to be shown: give the decorators less of a sample"
        )
        ready = replace(ready, swagger={})
    return flavor, ready


def _show_log() -> None:
    """Have what is logged shown from INFO on until the script says how, as v1's containers did.

    A handler of ours would make the script's own `basicConfig` do nothing.
    """
    logging.getLogger().setLevel(logging.INFO)
    if logging.lastResort is not None:
        logging.lastResort.setLevel(logging.INFO)
        logging.lastResort.setFormatter(logging.Formatter("%(name)s | %(levelname)s | %(message)s"))


def _die_with_supervisor() -> None:
    """Have the kernel kill this process with its supervisor, also while it computes."""
    try:
        import ctypes

        # One that died a moment before is noticed by the life line, as soon as Python runs.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (ImportError, OSError, AttributeError):
        return
