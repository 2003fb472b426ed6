"""Optuna is silent while we use it, and as before afterwards."""

import logging
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from optuna import logging as optunas
from runyard_server.tuning.samplers.quiet import quiet


def test_optuna_is_silent_for_us_alone(capfd: pytest.CaptureFixture[str]) -> None:
    """Warnings and log lines of Optuna are not shown while a sweep draws, others' are again."""
    before = optunas.get_verbosity()
    logger = logging.getLogger("optuna.study")
    with quiet():
        warnings.warn("experimental", FutureWarning, stacklevel=1)
        logger.warning("slow")
    assert "slow" not in capfd.readouterr().err
    assert optunas.get_verbosity() == before
    with pytest.warns(FutureWarning):
        warnings.warn("experimental", FutureWarning, stacklevel=1)


def test_threads_leave_no_silence() -> None:
    """Sweeps that draw at once in several threads set everything back in the end."""
    before, filters = optunas.get_verbosity(), list(warnings.filters)

    def draw(_: int) -> None:
        with quiet():
            pass

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(draw, range(400)))
    assert optunas.get_verbosity() == before
    assert list(warnings.filters) == filters
