"""A worker: loads the script, calls `init()` once and `run(batch)` for each batch.

    python -c WORKER <descriptor of the channel> <script> [arguments]

It prints into logs of its own. What a batch returned is a file that is renamed when it is whole.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
import time
import traceback
from typing import Any, Dict, List

from runyard.runtime.parallel import entry_script, returned
from runyard.runtime.parallel.batch_context import MiniBatchContext, is_taken
from runyard.runtime.parallel.channel import Channel, Message
from runyard.runtime.parallel.cutting import root, size_of
from runyard.tables import steps

_LINES = 6


class Worker:
    """What is done in the process.

    Args:
        setup: The first message; see `workers.Setup`.
        channel: The way to the node's process.
    """

    def __init__(self, setup: Message, channel: Channel) -> None:
        self._setup = setup
        self._channel = channel
        self._roots = [] if setup["tables"] else [root(name) for name in setup["inputs"]]
        self._ranges: Dict[int, Any] = {}
        self._number = -1
        self._told_at = 0.0
        entry_script.set_up(setup["log"], setup["level"], setup["output"])

    def begin(self, script: str) -> Any:
        """Load the script and call its `init()`, if it has one; give the module."""
        path = os.path.abspath(script)
        sys.path.insert(0, os.path.dirname(path))
        name = os.path.splitext(os.path.basename(path))[0]
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{script} is no Python file")
        module = importlib.util.module_from_spec(spec)
        # What it pickles is found by its module's name.
        sys.modules[name] = module
        spec.loader.exec_module(module)
        if not hasattr(module, "run"):
            raise AttributeError(f"{script} has no function run(mini_batch)")
        if hasattr(module, "init"):
            module.init()
        return module

    def work(self, module: Any, order: Message) -> Message:
        """Do one batch; give how it went."""
        number = self._number = int(order["number"])
        # All of them also where none can be read: a batch without items would be no error.
        answer: Message = {"number": number, "items": size_of(order)}
        try:
            batch = self._batch(order)
            # Its time begins now: a worker may pass over many records before it has its own.
            self._channel.send({"begun": number})
            value = module.run(batch, *self._context(module, order))
            answer["results"], text = returned.lines(value)
            if self._setup["keeps"]:
                answer["file"] = self._kept(number, text)
        # Also SystemExit: a script that gives up on a batch has not failed at the next one.
        except BaseException:  # noqa: BLE001 - what a script raises costs it a try, and is told
            answer["reason"] = told()
        return answer

    def _batch(self, order: Message) -> Any:
        place = int(order["input"])
        if "files" in order:
            above = self._roots[place]
            return [os.path.join(above, each) if each else above for each in order["files"]]
        from runyard.tables import frames

        found = self._ranges_of(place, order).between(*order["rows"])
        if steps.length(found) != size_of(order):
            raise ValueError(
                f"{steps.length(found)} of the batch's {size_of(order)} records are there: the "
                "input's files have changed since they were counted; run the step again"
            )
        # As v1 had them: v1's notebooks name the columns of what comes out by their places.
        keys = [key for key in order.get("keys") or () if key in found]
        names = [*(name for name in found if name not in keys), *keys]
        return frames.frame({name: found[name] for name in names})

    def _ranges_of(self, place: int, order: Message) -> Any:
        """What reads the records of a batch: from all files of its table, or from its own."""
        from runyard.runtime.parallel.tables import Ranges, Tables

        table = self._setup["tables"][place]
        if "of" in order:
            part = {**table, "files": [table["files"][n] for n in order["of"]]}
            return Ranges(Tables(), part, self._read_on)
        if place not in self._ranges:
            self._ranges[place] = Ranges(Tables(), table, self._read_on)
        return self._ranges[place]

    def _context(self, module: Any, order: Message) -> List[MiniBatchContext]:
        """What `run` gets beside the batch, if anything."""
        if not is_taken(module.run):
            return []
        place = int(order["input"])
        keys = dict(order.get("keys") or {})
        return [MiniBatchContext(int(order["number"]), place, keys, self._setup["inputs"][place])]

    def _read_on(self) -> None:
        """Let the node know that records still come, at most once a second."""
        now = time.monotonic()
        if now - self._told_at >= 1:
            self._told_at = now
            self._channel.send({"reading": self._number})

    def _kept(self, number: int, text: str) -> str:
        path = os.path.join(self._setup["folder"], str(number))
        with open(f"{path}.tmp", "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
        os.replace(f"{path}.tmp", path)
        return path


def told() -> str:
    """The last lines of the exception that is being handled; all of it goes into the log."""
    # Names of files that are no text can be in it, and neither a log nor the service takes them.
    text = traceback.format_exc().encode("utf-8", "backslashreplace").decode("utf-8")
    sys.stderr.write(text)
    sys.stderr.flush()
    return "\n".join(text.rstrip().splitlines()[-_LINES:])


def main(words: List[str]) -> None:
    """Work until the node's process is gone.

    Args:
        words: The channel's descriptor, the script, and its arguments.
    """
    channel = Channel(socket.socket(fileno=int(words[0])))
    setup = channel.receive()
    if setup is None:
        return
    sys.argv[:] = words[1:]
    try:
        worker = Worker(setup, channel)
        module = worker.begin(words[1])
    # A script may call sys.exit() where it misses something.
    except BaseException:  # noqa: BLE001 - whatever it is, the node's process tells it
        channel.send({"unfit": told()})
        sys.exit(1)
    channel.send({"ready": True})
    while True:
        order = channel.receive()
        if order is None:
            return
        channel.send(worker.work(module, order))
