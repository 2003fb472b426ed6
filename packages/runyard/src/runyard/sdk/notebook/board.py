"""The one thread that renews all cards of a notebook, and the streams it listens to.

A stream for each workspace tells which runs changed; a card is renewed at most twice a second while
its run changes, and every five seconds while it does not, for the time that has passed. A service
that is away is looked for again and again; after ten minutes the cards say so and rest. The thread
is there while a card is, and a process that ends does not wait for it.
"""

from __future__ import annotations

import os
import select
import threading
import time
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from runyard.client import discovery
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.errors import RunyardError
from runyard.sdk.notebook.live import SHORTEST_SECONDS

if TYPE_CHECKING:
    from runyard.client.hints import HintReader
    from runyard.sdk.notebook.live import LiveCard
    from runyard.sdk.notebook.screen import Cell

GIVEN_UP_SECONDS = 600.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
# A break that is over at once, as of a service that is replaced, needs no words.
_WORDS_AFTER = 2.0


class Line:
    """A workspace, its cards, and the stream of hints at what they show.

    Args:
        service: The workspace, over a connection of its own.
    """

    def __init__(self, service: WorkspaceClient) -> None:
        self.service = service
        self.cards: List[LiveCard] = []
        self.reader: Optional[HintReader] = None
        self._topics: Tuple[str, ...] = ()
        self._down_since: Optional[float] = None
        self._next_try, self._pause = 0.0, _FIRST_PAUSE

    def open(self, now: float) -> None:
        """Listen to what the cards show, where that has changed or the stream is gone."""
        topics = tuple(sorted({topic for card in self.cards for topic in card.facts.topics()}))
        if self.reader is not None and topics == self._topics:
            return
        if now < self._next_try:
            return
        self.close()
        try:
            self.reader = self.service.hints.follow(topics)
        except (RunyardError, OSError) as error:
            self.lost(now, str(error))
            return
        self._topics, self._down_since, self._pause = topics, None, _FIRST_PAUSE
        for card in self.cards:
            # What happened before the stream began is told by none.
            card.facts.forget()
            card.notice = ""

    def take(self, now: float) -> None:
        """Read what has come."""
        if self.reader is None:
            return
        try:
            hints = self.reader.read()
        except (OSError, ValueError) as error:
            self.lost(now, str(error))
            return
        for hint in hints:
            for card in self.cards:
                card.facts.take(hint)

    def lost(self, now: float, why: str) -> None:
        """Note that the service does not answer, and tell it on the cards."""
        self.close()
        self._down_since = self._down_since or now
        self._next_try, self._pause = now + self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        away = now - self._down_since
        if away < _WORDS_AFTER:
            return
        over = away >= GIVEN_UP_SECONDS
        for card in self.cards:
            card.away(away, over, why)

    def close(self) -> None:
        """Close the stream."""
        if self.reader is not None:
            self.reader.close()
            self.reader = None


class Board:
    """All cards of this process that go on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: Dict[Tuple[str, str], Line] = {}
        self._thread: Optional[threading.Thread] = None
        self._process = os.getpid()

    def add(self, card: LiveCard) -> None:
        """Renew a card from now on, until its run has ended."""
        with self._lock:
            if self._process != os.getpid():
                # The threads of a process are not those of its children.
                self._lines, self._thread, self._process = {}, None, os.getpid()
            service = card.facts.service
            key = (service.connection.url, service.id)
            if key not in self._lines:
                own = WorkspaceClient(discovery.observing(service.connection), service.id)
                self._lines[key] = Line(own)
            card.facts.service = self._lines[key].service
            self._lines[key].cards.append(card)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="runyard-cards", daemon=True)
                self._thread.start()

    def drop_earlier(self, cell: Cell) -> None:
        """Let go of the cards that an earlier run of a cell has shown."""
        with self._lock:
            for line in self._lines.values():
                for card in line.cards:
                    card.over = card.over or cell.runs_again(card.screen.cell)

    def _run(self) -> None:
        while self._go_on():
            with self._lock:
                lines = list(self._lines.values())
            for line in lines:
                line.open(time.monotonic())
            self._listen(lines)
            for line in lines:
                for card in list(line.cards):
                    card.renew(time.monotonic())

    def _go_on(self) -> bool:
        with self._lock:
            for key, line in list(self._lines.items()):
                line.cards = [card for card in line.cards if not card.over]
                if not line.cards:
                    line.close()
                    line.service.connection.close()
                    del self._lines[key]
            if not self._lines:
                # Under the lock: a card that comes now begins another thread.
                self._thread = None
            return bool(self._lines)

    @staticmethod
    def _listen(lines: List[Line]) -> None:
        """Wait for hints until the next card is to be renewed."""
        readers = {line.reader: line for line in lines if line.reader is not None}
        ready = [reader for reader in readers if reader.early]
        if not ready:
            now = time.monotonic()
            waits = [card.due(now) for line in lines for card in line.cards]
            seconds = max(0.01, min([SHORTEST_SECONDS, *waits]))
            if readers:
                ready = select.select(list(readers), [], [], seconds)[0]
            else:
                time.sleep(seconds)
        for reader in ready:
            readers[reader].take(time.monotonic())


board = Board()
