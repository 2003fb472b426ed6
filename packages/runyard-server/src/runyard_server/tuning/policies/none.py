"""Stops no trial."""

from runyard_server.tuning.base import Policy, Verdict


class NoPolicy(Policy):
    """Lets every trial run to its end."""

    def report(self, trial: int, position: int, value: float) -> Verdict | None:
        """Take a value in; there is never a verdict.

        Args:
            trial: Its number.
            position: The step, or how many values the trial has logged.
            value: What was logged.
        """
        del trial, position, value
        return None
