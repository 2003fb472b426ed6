"""Trains by hand and through a run, in the environment that the run's estimator asks for.

The order `in_a_run` goes first once, so that there is an environment; `by_hand` then starts the
same interpreter with the same arguments and a stub in the place of `azureml`.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent.parent / "examples" / "tf-mnist"
EPOCHS = "3"
STUB = """
class _Run:
    id = "by-hand"
    def log(self, *arguments, **named):
        pass
class Run:
    @staticmethod
    def get_context(*arguments, **named):
        return _Run()
"""
