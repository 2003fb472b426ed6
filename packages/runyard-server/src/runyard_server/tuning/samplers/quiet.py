"""Silences Optuna where we use it: what it warns of is our choice of sampler, not the user's."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from optuna import logging

_guard = threading.Lock()
_silence = ExitStack()
_inside = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Let Optuna neither log nor warn; what others ask of it is logged as they have set it.

    Filters and levels belong to the whole process, and sweeps draw in several threads: the first
    that comes sets them, the last that leaves sets them back.
    """
    global _inside  # noqa: PLW0603 - it is the process's
    with _guard:
        if _inside == 0:
            _begin()
        _inside += 1
    try:
        yield
    finally:
        with _guard:
            _inside -= 1
            if _inside == 0:
                _silence.close()


def _begin() -> None:
    _silence.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")
    _silence.callback(logging.set_verbosity, logging.get_verbosity())
    logging.set_verbosity(logging.ERROR)
