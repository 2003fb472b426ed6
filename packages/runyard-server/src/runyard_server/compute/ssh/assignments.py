"""Which machine each node of a run was given, on disk: a machine has one job at a time.

    <folder>/<run>.json     {"<node>-<attempt>": Assignment}

A launch that is repeated, by this service or by the next one, must come to the same machine, and a
salvage too. What is written before anything was started, and never came to be, is forgotten after a
while.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

# One whose machine was never asked is of a launch that failed or was given up.
_LAUNCH_SECONDS = 600.0
_KEPT_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Assignment:
    """A node's machine.

    Args:
        machine: The machine, as settings write it.
        cluster: The cluster it is a node of, `<workspace>/<name>`.
        run: The run.
        handle: The agent's, "" before the launch.
        since: When, seconds since 1970.
        asked: Whether the machine was asked to start the agent, so that it may have done so.
        ended: Whether its agent was seen gone.
    """

    machine: str
    cluster: str
    run: str
    handle: str = ""
    since: float = 0.0
    asked: bool = False
    ended: bool = False

    @property
    def holds(self) -> bool:
        """Whether it keeps its machine from others."""
        late = not self.asked and time.time() - self.since > _LAUNCH_SECONDS
        return not self.ended and not late


class Assignments:
    """The assignments of a site.

    Args:
        folder: Where they are written; made with the first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._runs: dict[str, dict[str, Assignment]] | None = None

    def of(self, run: str, key: str) -> Assignment | None:
        """What a node was given, None for nothing.

        Args:
            run: The run.
            key: `<node>-<attempt>`.
        """
        with self._lock:
            return self._read().get(run, {}).get(key)

    def give(
        self, run: str, key: str, cluster: str, order: Callable[[set[str]], Sequence[str]]
    ) -> Assignment | None:
        """Assign a machine that nobody holds to a node; None where there is none.

        Args:
            run: The run.
            key: `<node>-<attempt>`.
            cluster: Its cluster.
            order: Told which machines are held, gives those that may be taken, the best first.
        """
        with self._lock:
            present = self._read().get(run, {}).get(key)
            if present is not None:
                return present
            chosen = next(iter(order(self._held())), None)
            if chosen is None:
                return None
            made = Assignment(chosen, cluster, run, since=time.time())
            self._write(run, key, made)
            return made

    def asked(self, run: str, key: str) -> None:
        """Write down that the machine is about to be asked to start the agent."""
        self._change(run, key, asked=True)

    def launched(self, run: str, key: str, handle: str) -> None:
        """Write down an agent's handle.

        Args:
            run: The run.
            key: `<node>-<attempt>`.
            handle: The handle.
        """
        self._change(run, key, handle=handle, ended=False)

    def take_back(self, run: str, key: str) -> None:
        """Forget what a node was given: nothing has been started there."""
        with self._lock:
            present = self._read().get(run, {}).get(key)
            if present is not None and not present.asked:
                self._write(run, key, None)

    def ended(self, handle: str) -> None:
        """Take note that an agent is gone, so that its machine is free."""
        with self._lock:
            for run, keys in self._read().items():
                for key, present in list(keys.items()):
                    if present.handle == handle and not present.ended:
                        self._write(run, key, replace(present, ended=True))

    def holding(self) -> list[Assignment]:
        """Those that hold a machine."""
        with self._lock:
            return [each for keys in self._read().values() for each in keys.values() if each.holds]

    def _change(self, run: str, key: str, **news: Any) -> None:
        with self._lock:
            present = self._read().get(run, {}).get(key)
            if present is not None:
                self._write(run, key, replace(present, **news))

    def _held(self) -> set[str]:
        every = (each for keys in self._read().values() for each in keys.values())
        return {each.machine for each in every if each.holds}

    def _read(self) -> dict[str, dict[str, Assignment]]:
        if self._runs is not None:
            return self._runs
        self._runs = {}
        for path in sorted(self._folder.glob("*.json")):
            with suppress(OSError, msgspec.DecodeError):
                found = msgspec.json.decode(path.read_bytes(), type=dict[str, Assignment])
                newest = max((each.since for each in found.values()), default=0.0)
                if time.time() - newest > _KEPT_SECONDS and not any(
                    a.holds for a in found.values()
                ):
                    path.unlink()
                else:
                    self._runs[path.stem] = found
        return self._runs

    def _write(self, run: str, key: str, made: Assignment | None) -> None:
        runs = self._read()
        keys = {**runs.get(run, {})}
        if made is None:
            keys.pop(key, None)
        else:
            keys[key] = made
        runs[run] = keys
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".{run}.part"
        draft.write_bytes(msgspec.json.encode(keys))
        draft.replace(self._folder / f"{run}.json")
