"""Parameters of runs: logged and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.workspace_connection import NounClient
from runyard.protocol import parameters as routes
from runyard.protocol.parameters import LogParameters

if TYPE_CHECKING:
    from typing import Dict, Mapping


class Parameters(NounClient):
    """The parameters of a workspace's runs."""

    def log(self, run: str, params: Mapping[str, str]) -> Dict[str, str]:
        """Add parameters to a run, all or none.

        Args:
            run: The run's id.
            params: Values by name.

        Returns:
            All parameters that the run has now.

        Raises:
            Conflict: One is there with another value; parameters are written once.
        """
        body: LogParameters = LogParameters(dict(params))
        return self._service.call(routes.PARAMETERS_LOG, run, body=body).params

    def list(self, run: str) -> Dict[str, str]:
        """All parameters of a run, by name.

        Raises:
            RunNotFound: There is no such run.
        """
        return self._service.call(routes.PARAMETERS_LIST, run).params
