"""The ways in which the program ends before it serves: a sentence, and an exit status."""

USAGE = 2
ALREADY_RUNS = 3
UNUSABLE_HOME = 4
PORT_TAKEN = 5
NO_SPACE = 6


class Ending(Exception):
    """The program cannot go on.

    Args:
        status: The exit status.
        message: What is wrong and what to do.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
