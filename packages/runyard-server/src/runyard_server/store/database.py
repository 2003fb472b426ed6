"""What differs between the databases that records may be kept in.

`records` decides when something is read and written, in the same way for all; a `Database` makes
the connections for that and tells what its errors mean.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from sqlalchemy import Connection, Engine


class Database(ABC):
    """One database, brought to this program's schema.

    Attributes:
        engine: Makes its connections.
        is_shared: Whether other processes may serve it at the same time.
    """

    engine: Engine
    is_shared = False

    @abstractmethod
    def writer(self, present: Connection | None) -> Connection:
        """The one connection that may write.

        Args:
            present: The one of the write before; given back while it can be used.

        Raises:
            TemporaryError: Another process writes, or the database is not reached.
        """

    def drop(self, writer: Connection) -> None:
        """Close the connection that may write."""
        writer.close()

    def reader(self, idle: Callable[[], Connection | None]) -> Connection:
        """One more connection to read with.

        Args:
            idle: Gives one that has become free, if there is one.
        """
        del idle
        return self.engine.connect()

    @abstractmethod
    def is_usable(self, idle: Connection) -> bool:
        """Whether a connection that lay idle can be used."""

    @abstractmethod
    def is_lost(self, connection: Connection) -> bool:
        """Whether a failed write has taken the whole transaction with it."""

    @abstractmethod
    def translated(self, error: Exception) -> Exception:
        """The error to raise for one of the driver's; itself where it says enough."""

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
