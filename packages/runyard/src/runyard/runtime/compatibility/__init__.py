"""Today's TensorFlow 2 behaves as TensorFlow 1.x did, in the interpreters of one job.

Where no Python for TensorFlow 1.x can be had, the environment's lock has TensorFlow 2 and a mark,
and the agent a variable for all that the job starts. `sitecustomize` calls `begin` for it; then

    finder           changes modules at the moment that they are imported, and none before
    tensorflow1      `tensorflow` is `tensorflow.compat.v1`, without what is 2's by default
    gone             what went for good is said by its name, with what to use
    numpy_names      names of old numpy: `np.float`, `np.int`
    digits           `tensorflow.examples.tutorials.mnist.input_data`, from files that are there

Versions stay what they are: `tf.__version__` is that of TensorFlow 2, and the log says so.
"""

import sys
from types import ModuleType

from runyard.runtime.compatibility import gone, numpy_names, tensorflow1
from runyard.runtime.compatibility.finder import Finder


def begin(told: str) -> None:
    """Have this interpreter's TensorFlow behave as 1.x once it is imported.

    Args:
        told: What stands for what: `tensorflow==1.13.1 on tensorflow-cpu==2.21.0`.
    """

    def become_1(module: ModuleType) -> None:
        tensorflow1.become_1(module, told)

    finder = Finder({"numpy": numpy_names.add, "tensorflow": become_1})
    finder.alias(tensorflow1.ALIASES)
    finder.make(gone.CONTRIB, gone.made)
    finder.make(tensorflow1.EXAMPLES, tensorflow1.empty)
    # First of all: whoever comes before would find the modules as they are.
    sys.meta_path.insert(0, finder)
