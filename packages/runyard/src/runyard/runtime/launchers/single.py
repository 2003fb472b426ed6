"""One process on one node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Sequence

from runyard.runtime import names
from runyard.runtime.launchers.base import Launcher, Node, command_line
from runyard.runtime.managed_process import Plan

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job


class SingleLauncher(Launcher):
    """The script, or the command, once."""

    def plans(
        self, job: Job, folder: RunFolder, nodes: Sequence[Node], variables: Dict[str, str]
    ) -> List[Plan]:
        """See Launcher."""
        del nodes
        command = command_line(job, folder, variables)
        return [Plan("the script", command, variables, folder.work, folder.log(names.DRIVER_LOG))]
