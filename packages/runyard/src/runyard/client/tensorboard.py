"""TensorBoards that the service runs, and the TensorBoard that it has for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.workspace_connection import NounClient
from runyard.protocol import tensorboard as routes
from runyard.protocol.tensorboard import StartBoard

if TYPE_CHECKING:
    from typing import List

    from runyard.protocol.tensorboard import BoardRecord, TensorboardProgram


class Tensorboards(NounClient):
    """The boards of a workspace in the studio."""

    def start(self, runs: List[str]) -> BoardRecord:
        """Start a board; one that shows the same runs goes on.

        Args:
            runs: The runs' ids.

        Raises:
            RunNotFound: There is no such run.
        """
        return self._service.call(routes.TENSORBOARD_START, body=StartBoard(runs))

    def list(self) -> List[BoardRecord]:
        """List the boards that run, the last used first."""
        return self._service.call(routes.TENSORBOARD_LIST).items

    def get(self, board: str) -> BoardRecord:
        """Read a board.

        Raises:
            NotFound: There is none, or it has ended.
        """
        return self._service.call(routes.TENSORBOARD_GET, board)

    def stop(self, board: str) -> None:
        """End a board; one that has ended is no error."""
        self._service.call(routes.TENSORBOARD_STOP, board)

    def program(self) -> TensorboardProgram:
        """Have the service make an environment with TensorBoard, and read how far that is."""
        return self._service.call(routes.TENSORBOARD_PROGRAM)
