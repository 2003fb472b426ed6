"""Callbacks for `model.fit`: start from the same weights, report the same metrics.

Their classes are made when they are asked for, because their base is Keras's.
"""

import sys
from numbers import Real
from typing import Any, Dict

from runyard.distributed import collectives, world
from runyard.distributed.variables import broadcast_variables


class _Broadcasting:
    """Sends what one process has, before the first step; after it where nothing was built yet."""

    model: Any
    root_rank = 0
    _done = False

    def on_train_begin(self, logs: Any = None) -> None:
        """Send the variables if they are there."""
        del logs
        optimizer = getattr(self.model, "optimizer", None)
        self._done = False
        if self.model.built and self.model.weights and getattr(optimizer, "built", True):
            self._send()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Send the variables if it could not be done before."""
        del batch, logs
        if not self._done:
            self._send()

    def _send(self) -> None:
        held = getattr(self.model.optimizer, "variables", [])
        # A method in Keras 2.
        slots = list(held() if callable(held) else held)
        broadcast_variables([*self.model.weights, *slots], self.root_rank)
        self._done = True


class _Averaging:
    """Replaces the metrics of an epoch by their averages over all processes."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Average in place: callbacks after this one see the averages."""
        del epoch
        _average_numbers(logs)


def _average_numbers(logs: Dict[str, Any]) -> None:
    import numpy as np

    if world.size() == 1 or not logs:
        return
    names = sorted(name for name, value in logs.items() if isinstance(value, Real))
    # A name that one process alone has would put its numbers in the place of another's.
    everybody = collectives.allgather_object(names)
    shared = sorted(set(everybody[0]).intersection(*everybody[1:]))
    values = collectives.reduced(np.array([float(logs[name]) for name in shared]))
    logs.update(zip(shared, values.tolist()))


def BroadcastVariablesCallback(root_rank: int = 0) -> Any:
    """A Keras callback that starts every process from the variables of one.

    Args:
        root_rank: Whose weights and optimizer state.
    """
    callback = _made("BroadcastVariablesCallback", _Broadcasting)
    callback.root_rank = root_rank
    return callback


def MetricAverageCallback() -> Any:
    """A Keras callback that averages metrics over all processes at the end of an epoch.

    Put it before callbacks that use the metrics (checkpoints, early stopping, schedules), so that
    all processes decide alike.
    """
    return _made("MetricAverageCallback", _Averaging)


def _made(name: str, behaviour: type) -> Any:
    base = _keras().callbacks.Callback
    return type(name, (behaviour, base), {"__doc__": behaviour.__doc__})()


def _keras() -> Any:
    """The Keras that the script uses; tf_keras where that is the one it imported."""
    if "keras" not in sys.modules and "tf_keras" in sys.modules:
        return sys.modules["tf_keras"]
    try:
        import keras
    except ImportError:
        from tensorflow import keras
    return keras
