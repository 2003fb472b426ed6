"""Names that numpy has taken away since TensorFlow 1.x was new, for the scripts that use them.

Those of numpy 1.24 were Python's own types; those of numpy 2 have another name there.
"""

from types import ModuleType

_TYPES = {
    "float": float,
    "int": int,
    "bool": bool,
    "object": object,
    "complex": complex,
    "str": str,
    "long": int,
    "unicode": str,
}
_RENAMED = {
    "float_": "float64",
    "complex_": "complex128",
    "unicode_": "str_",
    "string_": "bytes_",
    "Inf": "inf",
    "Infinity": "inf",
    "infty": "inf",
    "PINF": "inf",
    "NaN": "nan",
    "NAN": "nan",
    "product": "prod",
    "cumproduct": "cumprod",
    "sometrue": "any",
    "alltrue": "all",
    "round_": "round",
    "row_stack": "vstack",
    "in1d": "isin",
    "trapz": "trapezoid",
}


def add(numpy: ModuleType) -> None:
    """Add the names that numpy lacks; those that it has stay what they are."""
    there = vars(numpy)
    for name, kind in _TYPES.items():
        if name not in there:
            setattr(numpy, name, kind)
    for name, now in _RENAMED.items():
        if name not in there and now in there:
            setattr(numpy, name, there[now])
