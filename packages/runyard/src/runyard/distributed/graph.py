"""Plain Python inside TensorFlow's graphs: one operation that hands arrays to a function.

`numpy_function` keeps its place among the other side effects of a `tf.function`, so several such
calls happen in the same order in every process. TensorFlow before 1.14 has it as `py_func`.
"""

from typing import Any, Callable, List, Sequence

from runyard.distributed.world import DistributedError


def call(function: Callable[..., Any], tensors: Sequence[Any], dtypes: Sequence[Any]) -> List[Any]:
    """The answers of a Python function as tensors, now or when the graph runs.

    Args:
        function: Gets one NumPy array per tensor and gives a list of arrays.
        tensors: What it gets.
        dtypes: TensorFlow's types of what it gives.

    Raises:
        DistributedError: The graph is compiled by XLA, which knows no Python.
    """
    import tensorflow as tf

    if in_xla():
        raise DistributedError(
            "this graph is compiled by XLA, and processes cannot speak to each other from there: "
            "pass jit_compile=False to model.compile (to tf.function)"
        )
    operation = getattr(tf, "numpy_function", None) or tf.compat.v1.py_func
    with tf.device("/cpu:0"):
        answers = operation(function, list(tensors), list(dtypes))
    # In eager mode a single answer comes without its list.
    return list(answers) if isinstance(answers, (list, tuple)) else [answers]


def in_xla() -> bool:
    """Whether what is traced now will be compiled by XLA."""
    import tensorflow as tf

    try:
        # TensorFlow has no public way to ask.
        from tensorflow.python.ops import control_flow_util
    except ImportError:
        return False
    found = getattr(control_flow_util, "GraphOrParentsInXlaContext", None)
    return found is not None and bool(found(tf.compat.v1.get_default_graph()))


def in_condition() -> bool:
    """Whether what is traced now is one branch of a condition."""
    import tensorflow as tf

    # By its name, for the class is private and has moved between versions.
    return "CondBranch" in type(tf.compat.v1.get_default_graph()).__name__
