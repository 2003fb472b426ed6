"""Calls a function for each trial of a sweep, in threads."""

from __future__ import annotations

import inspect
import threading
from typing import Any, Callable, Iterable, List

from runyard.sdk.exceptions import UserErrorException

TRIAL = "trial"
POLL_SECONDS = 0.2


def optimize(trials: Iterable[Any], function: Callable[..., Any], workers: int) -> None:
    """Call a function for each trial until the sweep ends; see `Trials.optimize`.

    Args:
        trials: The trials.
        function: What is called.
        workers: How many threads call it.
    """
    if not callable(function):
        raise UserErrorException(f"{function!r} cannot be called; give the function itself")
    stop = threading.Event()
    # In this thread: frameworks keep graphs and sessions by thread, and Ctrl-C ends it at once.
    if workers == 1:
        _work(trials, function, stop)
        return
    failures: List[BaseException] = []

    def work() -> None:
        try:
            _work(trials, function, stop)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            failures.append(error)
            stop.set()

    threads = [
        # Daemons: a function that hangs must not keep the interpreter from its end.
        threading.Thread(target=work, name=f"runyard-worker-{number}", daemon=True)
        for number in range(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            # In steps: a signal is not seen by a thread that waits without an end.
            while thread.is_alive():
                thread.join(POLL_SECONDS)
    finally:
        # After Ctrl-C a notebook's process goes on, and with it what its threads were at.
        stop.set()
    if failures:
        raise failures[0]


def _work(trials: Iterable[Any], function: Callable[..., Any], stop: threading.Event) -> None:
    wants_trial = _takes_trial(function)
    for trial in trials:
        # Left now, a trial goes back to the sweep: it has not begun.
        if stop.is_set():
            return
        _make(trial, function, wants_trial)


def _make(trial: Any, function: Callable[..., Any], wants_trial: bool) -> None:
    given = dict(trial.params)
    if wants_trial and TRIAL not in given:
        given[TRIAL] = trial
    try:
        value = function(**given)
        if trial.is_open:
            trial.tell(value)
    except Exception as error:  # noqa: BLE001 - one bad point is no reason to end the others
        if trial.is_open:
            trial.fail(error)


def _takes_trial(function: Callable[..., Any]) -> bool:
    try:
        return TRIAL in inspect.signature(function).parameters
    except (TypeError, ValueError):  # built-in functions do not tell
        return False
