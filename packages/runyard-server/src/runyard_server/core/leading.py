"""Whether this process leads: of several that serve one database, one alone writes and schedules.

The others follow. They answer what the database tells, and hand all else to the one that leads.
So whatever a service keeps in memory (beats, studies, what the gateway said) is in one place. With
a database of its own a process always leads.
"""

from runyard.protocol.errors import TemporaryError


class Leading:
    """Who leads, as this process knows it; may be used from any thread.

    Attributes:
        here: Whether this process does.
    """

    def __init__(self) -> None:
        self.here = True
        self._url = ""

    def follow(self, url: str) -> None:
        """Note that another process leads.

        Args:
            url: Where it is reached; "" while nobody has told.
        """
        self._url = url
        self.here = False

    def lead(self) -> None:
        """Note that this process leads."""
        self.here = True

    @property
    def url(self) -> str:
        """Where the process is reached that leads.

        Raises:
            TemporaryError: None does at this moment.
        """
        if not self._url:
            raise TemporaryError("no process of the service leads at this moment; try again")
        return self._url
