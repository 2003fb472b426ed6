"""What a script knows of the process that it runs in: its logger and its folders."""

from __future__ import annotations

import logging
import os
from typing import List, Optional

_FORMAT = "%(asctime)s %(levelname)s %(process)d %(message)s"


class EntryScript:
    """The same object wherever it is made: `EntryScript().logger`.

    Attributes:
        logger: Writes to a file of the process below `logs/user`.
        working_dir: The folder of the run.
        output_dir: Where the step's output is to be; None where it has none.
    """

    logger = logging.getLogger("azureml_user.parallel_run")
    working_dir = ""
    output_dir: Optional[str] = None

    def __new__(cls) -> EntryScript:  # noqa: PYI034 - the one of this process
        """The one of this process."""
        return _only[0] if _only else super().__new__(cls)


_only: List[EntryScript] = []


def set_up(log: str, level: str, output: str) -> None:
    """Have the logger write, and say where the output is.

    Args:
        log: The file of the logger.
        level: From which level on it writes.
        output: The folder of the output, "" for none.
    """
    script = EntryScript()
    _only[:] = [script]
    os.makedirs(os.path.dirname(log), exist_ok=True)
    handler = logging.FileHandler(log, encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORMAT))
    script.logger.addHandler(handler)
    script.logger.setLevel(level)
    # What the script's own handlers print would be in two files.
    script.logger.propagate = False
    script.working_dir, script.output_dir = os.getcwd(), output or None
