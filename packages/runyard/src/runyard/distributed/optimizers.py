"""Optimizers that average gradients before they use them.

The optimizer itself is changed, not replaced: gradients pass through `average` on their way in,
and everything behind that (clipping, weight decay, schedules, moving averages) sees the averaged
ones. Its class stays what it was, so a saved model names Keras's own optimizer and loads where
there is no Runyard.
"""

import functools
import sys
from typing import Any, Callable, List

from runyard.distributed import graph, world
from runyard.distributed.gradients import average

_MARK = "_averages_gradients"


def DistributedOptimizer(optimizer: Any) -> Any:
    """Make an optimizer average its gradients over all processes.

    Averaging keeps the size of a step, while each step sees `size()` batches; the usual
    correspondence is a learning rate times `size()`. After loading a saved model, call this on
    `model.optimizer` again, before the first `fit`.

    Args:
        optimizer: An optimizer of Keras 3 on TensorFlow, of Keras 2, or of TensorFlow 1
            (`tf.compat.v1.train`).

    Returns:
        The same optimizer. With the policy `mixed_float16` it is inside a `LossScaleOptimizer`,
        because all processes must skip the same steps.

    Raises:
        DistributedError: It is no such optimizer, or Keras runs on another backend.
    """
    method = _entry(optimizer)
    if world.size() == 1 or getattr(optimizer, _MARK, False):
        return optimizer
    if method == "apply":
        optimizer = _scaled(optimizer)
    change = {"apply": _apply, "apply_gradients": _pairs, "compute_gradients": _computed}[method]
    setattr(optimizer, method, change(getattr(optimizer, method)))
    # Changed twice, it would exchange each gradient twice.
    setattr(optimizer, _MARK, True)
    return optimizer


def _entry(optimizer: Any) -> str:
    """The method through which gradients come into an optimizer."""
    if isinstance(optimizer, (str, type)) or not hasattr(optimizer, "apply_gradients"):
        raise world.DistributedError(
            f"DistributedOptimizer takes an optimizer such as keras.optimizers.Adam(), not "
            f"{optimizer!r}"
        )
    _check_backend()
    # Not imported: who gives an optimizer of it has done so.
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow and isinstance(optimizer, tensorflow.compat.v1.train.Optimizer):
        return "compute_gradients"
    return "apply" if hasattr(optimizer, "apply") else "apply_gradients"


def _check_backend() -> None:
    keras = sys.modules.get("keras")
    backend = keras.backend.backend() if keras else "tensorflow"
    if backend != "tensorflow":
        raise world.DistributedError(
            f"Keras runs on {backend} here, and gradients are averaged on TensorFlow: set "
            "KERAS_BACKEND=tensorflow before keras is imported, or use what "
            f"{backend} has for several processes (see examples/torch-ddp)"
        )


def _scaled(optimizer: Any) -> Any:
    """Scale losses outside of the averaging, as `compile` would do inside of it.

    Whether a step is skipped is decided on the gradients; decided before the averaging, one
    process would skip while the others wait for its gradients.
    """
    keras = sys.modules["keras"]
    scaling = keras.optimizers.LossScaleOptimizer
    policy = getattr(keras.config.dtype_policy(), "name", "")
    if policy != "mixed_float16" or isinstance(optimizer, scaling):
        return optimizer
    return scaling(optimizer, name="loss_scale_optimizer")


def _apply(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keras 3: gradients come as a list."""

    @functools.wraps(original)
    def apply(grads: Any, trainable_variables: Any = None) -> Any:
        if graph.in_condition():
            raise world.DistributedError(
                "gradients would be averaged under a condition that other processes may not "
                "meet: give the optimizer that decides, as in "
                "DistributedOptimizer(keras.optimizers.LossScaleOptimizer(optimizer))"
            )
        return original(average(list(grads)), trainable_variables)

    return apply


def _pairs(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keras 2: gradients come with their variables."""

    @functools.wraps(original)
    def apply_gradients(grads_and_vars: Any, *args: Any, **options: Any) -> Any:
        return original(_averaged(list(grads_and_vars)), *args, **options)

    return apply_gradients


def _computed(original: Callable[..., Any]) -> Callable[..., Any]:
    """TensorFlow 1: `minimize` computes gradients, then applies them."""

    @functools.wraps(original)
    def compute_gradients(*args: Any, **options: Any) -> Any:
        return _averaged(original(*args, **options))

    return compute_gradients


def _averaged(pairs: List[Any]) -> List[Any]:
    gradients = average([gradient for gradient, _ in pairs])
    return [(gradient, variable) for gradient, (_, variable) in zip(gradients, pairs)]
