"""What a script knows of the process that it runs in: its logger and its folders."""

from __future__ import annotations

import logging
import os
from typing import Optional

_FORMAT = "%(asctime)s %(levelname)s %(process)d %(message)s"


class EntryScript:
    """The same object wherever it is made: `EntryScript().logger`.

    Attributes:
        logger: Writes to a file of the process below `logs/user`.
        working_dir: The folder of the run.
        output_dir: Where the step's output is to be; None where it has none.
    """

    _only: Optional[EntryScript] = None
    logger: logging.Logger
    working_dir: str
    output_dir: Optional[str]

    def __new__(cls) -> EntryScript:
        if cls._only is None:
            made = super().__new__(cls)
            made.logger = logging.getLogger("azureml_user.parallel_run")
            made.working_dir, made.output_dir = os.getcwd(), None
            cls._only = made
        return cls._only


def set_up(log: str, level: str, output: str) -> None:
    """Have the logger write, and say where the output is.

    Args:
        log: The file of the logger.
        level: From which level on it writes.
        output: The folder of the output, "" for none.
    """
    script = EntryScript()
    os.makedirs(os.path.dirname(log), exist_ok=True)
    handler = logging.FileHandler(log, encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORMAT))
    script.logger.addHandler(handler)
    script.logger.setLevel(level)
    # What the script's own handlers print would be in two files.
    script.logger.propagate = False
    script.output_dir = output or None
