"""Names that packages took away since scripts of old days were written, and the day that has them.

A list without versions gets the newest packages, and a script of 2019 fails at an import. What it
says then names nothing that one could do, so the run's error does: the day as of which the packages
had the name. Each day is the first of the month before the release that took it away.
"""

import re
from typing import NamedTuple, Pattern, Tuple

_MISSING = r"(?:No module named|cannot import name|has no attribute)"


class Moved(NamedTuple):
    """Names that went with one release."""

    says: Pattern[str]
    release: str
    as_of: str


def _gone(release: str, as_of: str, *texts: str) -> Moved:
    return Moved(re.compile("|".join(texts)), release, as_of)


def _attributes(module: str, names: str) -> str:
    """How Python says that a module lacks a name, by import or by attribute."""
    quoted = re.escape(module)
    return (
        rf"module '{quoted}' has no attribute '(?:{names})'"
        rf"|cannot import name '(?:{names})' from '{quoted}'"
    )


_OLD_TYPES = "float|int|bool|object|str|complex|long|unicode"
_TF1 = (
    "placeholder|Session|InteractiveSession|ConfigProto|GPUOptions|layers|app|flags|contrib|VERSION"
    "|get_default_graph|reset_default_graph|global_variables_initializer|get_variable"
    "|variable_scope|truncated_normal|log|logging|gfile|set_random_seed"
)
_MOVED: Tuple[Moved, ...] = (
    _gone(
        "scikit-learn 0.23",
        "2020-05-01",
        r"No module named 'sklearn\.externals\.",
        _attributes("sklearn.externals", "joblib|six"),
    ),
    _gone("scikit-learn 0.22", "2019-11-01", _attributes("sklearn.preprocessing", "Imputer")),
    _gone(
        "scikit-learn 0.20",
        "2018-09-01",
        r"No module named 'sklearn\.(?:cross_validation|grid_search|learning_curve)'",
    ),
    _gone("numpy 2.0", "2024-06-01", r"`np\.\w+` was removed in the NumPy 2\.0 release"),
    _gone("numpy 1.24", "2022-12-01", _attributes("numpy", _OLD_TYPES)),
    _gone("scipy 1.2", "2018-12-01", _attributes("scipy.misc", "imread|imsave|imresize")),
    _gone("pandas 2.0", "2023-04-01", r"'(?:DataFrame|Series)' object has no attribute 'append'"),
    _gone("pandas 1.0", "2020-01-01", r"'(?:DataFrame|Series)' object has no attribute 'ix'"),
    _gone(
        "TensorFlow 2.0",
        "2019-09-01",
        r"No module named 'tensorflow\.(?:contrib|examples)",
        _attributes("tensorflow", _TF1),
    ),
    _gone("Keras 2.13", "2023-06-01", r"No module named 'keras\.(?:utils\.np_utils|backend\.)"),
    _gone("torch 2.0", "2023-03-01", r"No module named 'torch\._six'"),
    _gone(
        "Python 3.10",
        "2022-06-01",
        _attributes("collections", "Callable|Iterable|Mapping|MutableMapping|Sequence"),
    ),
)
_ANY = re.compile(_MISSING + r"|was removed in the NumPy")


def hint(said: str) -> str:
    """What would have worked, to be put behind an exception; "" where nothing is known.

    Args:
        said: The exception with its text.
    """
    if not _ANY.search(said):
        return ""
    found = next((one for one in _MOVED if one.says.search(said)), None)
    if found is None:
        return ""
    return (
        f" (it went with {found.release}: an environment with as_of='{found.as_of}' has the "
        "packages of before)"
    )
