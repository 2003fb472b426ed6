"""Silences Optuna where we use it: what it warns of is our choice of sampler, not the user's."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from optuna import logging


@contextmanager
def quiet() -> Iterator[None]:
    """Let Optuna neither log nor warn; what others ask of it is logged as they have set it."""
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)
