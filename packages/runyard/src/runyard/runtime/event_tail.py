"""What TensorBoard's event files below `./logs` tell, as metrics of the run while it goes on.

Scalars become metrics `<folder below logs>/<tag>`, pictures become image metrics (a thinning
choice, at most fifty a tag), hyperparameters become parameters. They travel by the spool, as
what `run.log` writes does, with `"o": "tensorboard"`; a picture is a file beside the logs.

Files are looked at every two seconds and read from where the last look stopped. A look takes at
most a fiftieth of that in CPU time, so that a job keeps its cores: what is left comes with the
next looks, and the rest at the end. How far each file was read is on disk, for a salvage.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from json.encoder import encode_basestring_ascii as quote
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List

from runyard.client.event_files import Damaged, EventReader
from runyard.client.event_messages import IMAGE, PARAMETERS
from runyard.client.spool import Spool
from runyard.protocol.errors import Conflict, InvalidRequest, RunyardError
from runyard.runtime.folder import read_json, write_json
from runyard.runtime.service import patiently

if TYPE_CHECKING:
    from runyard.client.event_messages import Point
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.service import JobService

LOOK_CPU_SECONDS = 0.04
MOST_IMAGES = 50
LAST_SECONDS = 10.0
LONGEST_NAME = 255
# Beside the logs of the processes, and so brought like them.
PICTURES = "tensorboard"
_DENSE, _GROWTH = 10, 1.2
_SUFFIXES = {b"\x89PN": ".png", b"\xff\xd8\xff": ".jpg", b"GIF": ".gif"}
_ODD = re.compile(r"[^\w.\-]+")
_SOURCE = "tensorboard"


class EventTail:
    """Reads the event files of one job.

    Args:
        job: The job.
        folder: Its run folder.
        service: Takes parameters.
        warn: Told of files that are damaged, once each.
    """

    def __init__(
        self, job: Job, folder: RunFolder, service: JobService, warn: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._service = service
        self._warn = warn
        self._spool = Spool(Path(folder.spool))
        self._state_file = folder.path("events.json")
        self._attempt = job.attempt
        state = read_json(self._state_file) or {}
        # An attempt begins with an empty folder, and its files anew.
        state = state if state.get("attempt") == job.attempt else {}
        self._offsets: Dict[str, int] = state.get("offsets", {})
        self._damaged: List[str] = state.get("damaged", [])
        self._images: Dict[str, List[int]] = state.get("images", {})
        self._readers: Dict[str, EventReader] = {}
        self._parameters: Dict[str, str] = {}

    def look(self, found: Dict[str, str], enough: float = LOOK_CPU_SECONDS) -> None:
        """Read what is new.

        Args:
            found: File -> its path below the watched folder.
            enough: The CPU seconds after which the rest is left for the next look.
        """
        end = time.thread_time() + enough
        before = sum(self._offsets.values())
        for place, name in sorted(found.items()):
            self._read(place, name, lambda: time.thread_time() >= end)
        self._tell_parameters()
        if sum(self._offsets.values()) != before:
            self._remember()

    def finish(self, found: Dict[str, str]) -> None:
        """Read all that is left; nobody writes any longer.

        Args:
            found: File -> its path below the watched folder.
        """
        self.look(found, float("inf"))
        if self._parameters:
            try:
                patiently(self._send_parameters, LAST_SECONDS)
            except RunyardError as error:
                self._warn(f"hyperparameters of event files were not kept: {error.message}")

    def _read(self, place: str, name: str, enough: Callable[[], bool]) -> None:
        if name in self._damaged:
            return
        reader = self._readers.get(name)
        if reader is None:
            reader = EventReader(place, self._offsets.get(name, 0))
            self._readers[name] = reader
        folder = os.path.dirname(name)
        try:
            if os.stat(place).st_size > reader.offset:
                for point in reader.read(enough):
                    self._keep(folder, point)
        except Damaged as error:
            self._damaged.append(name)
            self._warn(
                f"the event file logs/{name} is damaged at byte {error.offset}: what stands behind "
                "that is missing among the run's metrics, and the file is kept as it is"
            )
        except OSError:
            # It was removed meanwhile, or will be readable at another look.
            return
        finally:
            self._offsets[name] = reader.offset

    def _keep(self, folder: str, point: Point) -> None:
        if point.kind == PARAMETERS:
            # Several sessions in one run: a parameter is what the first says.
            self._parameters = {**point.value, **self._parameters}
            return
        name = f"{folder}/{point.tag}" if folder else point.tag
        name = name[-LONGEST_NAME:]
        if name and point.kind == IMAGE:
            path = self._picture(name, point)
            if path:
                self._line(name, IMAGE, quote(path), point)
        elif name:
            self._line(name, "scalar", _number(point.value), point)

    def _line(self, name: str, kind: str, value: str, point: Point) -> None:
        more = "" if value[:1] != '"' or kind == IMAGE else ',"x":1'
        self._spool.write(
            f'{{"n":{quote(name)},"k":"{kind}","v":{value},"s":{point.step},'
            f'"t":{int(point.time * 1e6)},"o":"{_SOURCE}"{more}}}\n'.encode("ascii")
        )

    def _picture(self, name: str, point: Point) -> str:
        """Write a picture down and return its path in the run; "" for one that is left out."""
        suffix = _SUFFIXES.get(bytes(point.value[:3]))
        seen, kept, wanted = self._images.get(name, [0, 0, 0])
        take = suffix is not None and kept < MOST_IMAGES and seen >= wanted
        if take:
            # All at first, then ever fewer: fifty show a short run wholly and reach far in a long.
            wanted = max(seen + 1, int(seen * _GROWTH)) if kept >= _DENSE else seen + 1
            kept += 1
        self._images[name] = [seen + 1, kept, wanted]
        if not take:
            return ""
        parts = [_ODD.sub("_", part).strip(".") or "_" for part in name.split("/")]
        path = f"{PICTURES}/{'/'.join(parts)}_{point.step}{suffix}"
        place = os.path.join(self._folder.logs, *path.split("/"))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(point.value)
        return path

    def _tell_parameters(self) -> None:
        try:
            self._send_parameters()
        except (OSError, RunyardError):
            # The service is away: with the next look.
            return

    def _send_parameters(self) -> None:
        while self._parameters:
            name, value = next(iter(self._parameters.items()))
            try:
                # One by one: a script may have been given some of them as arguments.
                self._service.log_parameters({name: value})
            except (Conflict, InvalidRequest) as error:
                self._warn(f"a hyperparameter of an event file was not kept: {error.message}")
            self._parameters.pop(name)

    def _remember(self) -> None:
        state: Dict[str, Any] = {
            "attempt": self._attempt,
            "offsets": self._offsets,
            "damaged": self._damaged,
            "images": self._images,
        }
        # A full disk is passed over: else nothing more would be sent, not even logs, as long as it
        # is. A salvage would read some points again, which are then there twice.
        with suppress(OSError):
            write_json(self._state_file, state)


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124 - the quickest test for NaN
        return '"NaN"'
    if value in (float("inf"), float("-inf")):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    return repr(value)
