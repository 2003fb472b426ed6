"""`tensorflow` as scripts of 2019 know it: TensorFlow 2's own `compat.v1`, with 2's ways off.

A module of its own stands for it in `sys.modules`, whose attributes are those of `compat.v1`; what
TensorFlow imports of itself by longer names is found as before. `tf.keras` and `tf.layers` are
those of Keras 2 (`tf_keras`), for Keras 3 works in no graph. `import keras` gives the same.
"""

import importlib
import sys
from types import ModuleType
from typing import Any, List

from runyard.runtime.compatibility import gone

EXAMPLES = "tensorflow.examples"
ALIASES = {
    "keras": "tf_keras",
    "tensorflow.examples.tutorials.mnist.input_data": "runyard.runtime.compatibility.digits",
}
_MADE = ("contrib", "examples")
_FOLDERS = ("tensorflow.examples", "tensorflow.examples.tutorials", EXAMPLES + ".tutorials.mnist")


def become_1(module: ModuleType, told: str) -> None:
    """Put TensorFlow 1.x in the place of TensorFlow 2, which has just been imported.

    Args:
        module: TensorFlow 2.
        told: What stands for what.
    """
    from tensorflow.compat import v1

    level = v1.logging.get_verbosity()
    # It warns of itself at each start.
    v1.logging.set_verbosity(v1.logging.ERROR)
    v1.disable_v2_behavior()
    v1.logging.set_verbosity(level)
    sys.modules["tensorflow"] = TensorFlow1(module, v1)
    sys.stderr.write(f"compatibility mode: {told}; its names and defaults are those of 1.x\n")
    sys.stderr.flush()


def empty(name: str) -> ModuleType:
    """Make a package with nothing in it.

    Args:
        name: Its full name.

    Raises:
        ImportError: It is an example that is not here.
    """
    if name not in _FOLDERS:
        raise ImportError(gone.message(name), name=name)
    found = ModuleType(name)
    found.__path__ = []
    return found


class TensorFlow1(ModuleType):
    """The module that `import tensorflow` gives.

    Args:
        whole: TensorFlow 2.
        v1: Its `compat.v1`.
    """

    def __init__(self, whole: ModuleType, v1: ModuleType) -> None:
        super().__init__("tensorflow", v1.__doc__)
        self.__spec__, self.__loader__ = whole.__spec__, whole.__loader__
        self.__file__, self.__package__ = whole.__file__, "tensorflow"
        self.__version__ = whole.__version__
        # `import tensorflow.keras` looks here: first for what 1.x means by the name.
        self.__path__ = [*v1.__path__, *whole.__path__]
        # 2's own, which has both below it; Keras reads `tensorflow.compat.v2`.
        self.compat = whole.compat
        self._v1 = v1

    def __getattr__(self, name: str) -> Any:
        if name in _MADE:
            return importlib.import_module(f"tensorflow.{name}")
        try:
            found = getattr(self._v1, name)
        except AttributeError:
            if name.startswith("_"):
                raise
            raise AttributeError(gone.message(f"tensorflow.{name}")) from None
        # The next time it is found without this.
        setattr(self, name, found)
        return found

    def __dir__(self) -> List[str]:
        return sorted({*super().__dir__(), *dir(self._v1), "contrib"})
