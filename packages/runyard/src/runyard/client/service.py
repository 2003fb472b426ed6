"""The service itself: who answers, what it does, and how it is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.protocol import service as routes

if TYPE_CHECKING:
    from runyard.client.connection import Connection
    from runyard.protocol.service import About, DoctorReport, ServiceStatus, SettingsPage


class Service:
    """What a service tells of itself.

    Args:
        connection: The service.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def about(self) -> About:
        """Ask who answers; no token is needed."""
        return self._connection.call(routes.SERVICE_ABOUT)

    def status(self) -> ServiceStatus:
        """Ask what it does.

        Raises:
            Unauthenticated: It does not take the connection's token.
        """
        return self._connection.call(routes.SERVICE_STATUS)

    def stop(self) -> None:
        """Stop it; runs go on, and the next service takes them over."""
        self._connection.call(routes.SERVICE_STOP)

    def settings(self) -> SettingsPage:
        """Ask what is set, and where each value comes from."""
        return self._connection.call(routes.SERVICE_SETTINGS)

    def doctor(self) -> DoctorReport:
        """Have it examine its machine, as `runyard doctor` does there; takes a few seconds."""
        return self._connection.call(routes.SERVICE_DOCTOR)
