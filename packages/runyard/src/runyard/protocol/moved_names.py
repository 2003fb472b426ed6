"""Names that packages took away since scripts of old days were written.

A row says which release took names of a module away, and a day when it was not yet out: the first
of the month of that release, or of the one before. Whoever fails at such a name is told the day,
and a script that is submitted with a list of packages without versions gets packages of that day.
"""

from typing import NamedTuple, Tuple


class Moved(NamedTuple):
    """Names that went with one release.

    Args:
        package: The package; "" for Python itself.
        release: The release that has them no more.
        as_of: A day on which its last release had them.
        module: The module that had them.
        names: What went: attributes, or modules below it.
    """

    package: str
    release: str
    as_of: str
    module: str
    names: Tuple[str, ...]

    @property
    def said(self) -> str:
        """The release as users know it."""
        return f"{_SPELT.get(self.package, self.package)} {self.release}"


_SPELT = {"": "Python", "tensorflow": "TensorFlow", "keras": "Keras"}
_TF1 = (
    "placeholder Session InteractiveSession ConfigProto GPUOptions layers app flags contrib VERSION"
    " get_default_graph reset_default_graph global_variables_initializer get_variable"
    " variable_scope truncated_normal log logging gfile set_random_seed examples"
)
_SKLEARN_PARTS = (
    ("datasets", "base samples_generator"),
    ("ensemble", "bagging forest gradient_boosting"),
    ("linear_model", "base logistic ridge stochastic_gradient"),
    ("metrics", "classification ranking regression"),
    ("neighbors", "base"),
    ("tree", "tree"),
    ("utils", "testing"),
)


def _rows(package: str, release: str, as_of: str, *parts: Tuple[str, str]) -> Tuple[Moved, ...]:
    return tuple(
        Moved(package, release, as_of, module, tuple(names.split())) for module, names in parts
    )


MOVED: Tuple[Moved, ...] = (
    *_rows("scikit-learn", "0.23", "2020-05-01", ("sklearn.externals", "joblib six")),
    *_rows("scikit-learn", "0.22", "2019-11-01", ("sklearn.preprocessing", "Imputer")),
    *_rows(
        "scikit-learn",
        "0.20",
        "2018-09-01",
        ("sklearn", "cross_validation grid_search learning_curve"),
    ),
    *_rows(
        "scikit-learn",
        "0.24",
        "2020-12-01",
        *((f"sklearn.{module}", names) for module, names in _SKLEARN_PARTS),
    ),
    *_rows(
        "scikit-learn",
        "1.2",
        "2022-12-01",
        ("sklearn.datasets", "load_boston"),
        ("sklearn.metrics", "plot_confusion_matrix plot_precision_recall_curve plot_roc_curve"),
    ),
    *_rows(
        "numpy", "1.24", "2022-12-01", ("numpy", "float int bool object str complex long unicode")
    ),
    *_rows("scipy", "1.2", "2018-12-01", ("scipy.misc", "imread imsave imresize")),
    *_rows("tensorflow", "2.0", "2019-09-01", ("tensorflow", _TF1)),
    *_rows("keras", "2.13", "2023-06-01", ("keras.utils", "np_utils")),
    *_rows("torch", "2.0", "2023-03-01", ("torch", "_six")),
    *_rows(
        "",
        "3.10",
        "2022-06-01",
        ("collections", "Callable Iterable Mapping MutableMapping Sequence"),
    ),
)
