"""A card that is shown: a run's facts at a place of the notebook."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Optional

from runyard.protocol.errors import RunyardError, TemporaryError
from runyard.sdk.notebook import page
from runyard.sdk.notebook.looks import took

if TYPE_CHECKING:
    from runyard.sdk.notebook.facts import Facts
    from runyard.sdk.notebook.screen import Screen

SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 5.0


class LiveCard:
    """A card, as the thread renews it.

    Args:
        facts: What is known of the run.
        screen: Where it is shown.
        text: What front ends show that know no HTML.
    """

    def __init__(self, facts: Facts, screen: Screen, text: str) -> None:
        self.facts = facts
        self.screen = screen
        # What holds for a time, and what for good.
        self.notice, self.remark = "", ""
        self.over = False
        self._text = text
        self._shown = ""
        self._last = 0.0
        self._again: Optional[float] = None

    def show(self) -> bool:
        """Show the card for the first time; returns whether there is a display."""
        self._shown, self._last = page.card(self.facts), time.monotonic()
        return self.screen.show(self._shown, self._text)

    def due(self, now: float) -> float:
        """In how many seconds it is to be renewed."""
        wait = SHORTEST_SECONDS if self.facts.old else LONGEST_SECONDS
        return max(0.0, self._last + wait - now)

    def renew(self, now: float) -> None:
        """Read what has changed, if it is time for that, and show it.

        Nothing is raised: the thread renews others, too.
        """
        if self.over or self.due(now) > 0:
            return
        self._last = now
        try:
            if self.facts.old and not self.notice:
                self.facts.read()
        except (TemporaryError, OSError):
            return  # the stream breaks, too, and tells it
        except RunyardError as error:
            # The run or its workspace is gone, or the token is no longer good.
            self.notice, self.over = f"This card rests: {error}", True
        except Exception as error:  # noqa: BLE001 - one card's fault would stop all the others
            self.notice, self.over = f"This card rests after a fault: {error!r}", True
        self.over = self.over or self.facts.ended
        self._put()

    def away(self, seconds: float, over: bool, why: str) -> None:
        """Show that the service is away.

        Args:
            seconds: For how long.
            over: Whether it is not waited for any more.
            why: What came of the last try.
        """
        known = f"What is shown is as of {took(seconds)} ago."
        if over:
            self.notice = (
                f"This card rests: the service was away for {took(seconds)} ({why}). {known} "
                "Run the cell again when the service runs."
            )
        else:
            self.notice = f"The service does not answer; the card goes on when it does. {known}"
        self.over = over
        self._put()

    def _put(self) -> None:
        html = page.card(self.facts, self.notice or self.remark)
        if html != self._shown:
            self._shown = html
            self.screen.update(html, self._text)
