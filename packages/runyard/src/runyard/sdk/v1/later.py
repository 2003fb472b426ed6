"""Names of the v1 SDK that are not offered yet: importable, and refused with words when used.

A script that only imports such a name still runs; one that makes an object of it, or calls a
function, is told what to use instead. Nothing is accepted and then silently not done.
"""

from typing import Any, Callable, Dict, NoReturn

from runyard.sdk.exceptions import NotOfferedYet


# A metaclass: annotations, `isinstance` and subclasses of such a name go on working.
class _Refusing(type):
    """Refuses construction, and every attribute of the class that is not private."""

    _name: str
    _instead: str

    def __call__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        del args, kwargs
        raise NotOfferedYet(cls._name, cls._instead)

    def __getattr__(cls, name: str) -> Any:
        # copy, pickle and `inspect` ask for private names, and need a plain no.
        if name.startswith("_"):
            raise AttributeError(name)
        if name[0].isupper():  # a class within the class, such as Dataset.Tabular
            return later(f"{cls._name}.{name}", cls._instead)
        return refusing(f"{cls._name}.{name}", cls._instead)


def later(name: str, instead: str) -> Any:
    """Make a class that refuses to be used.

    Args:
        name: Its full name in the v1 SDK.
        instead: What to use, the end of a sentence that begins with "use".
    """
    body: Dict[str, Any] = {
        "__doc__": f"Not offered yet; use {instead}.",
        "__module__": __name__,
        "_name": name,
        "_instead": instead,
    }
    return _Refusing(name.rpartition(".")[2], (), body)


def refusing(name: str, instead: str) -> Callable[..., NoReturn]:
    """Make a function that refuses to be called."""

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        del args, kwargs
        raise NotOfferedYet(name, instead)

    refuse.__name__ = refuse.__qualname__ = name.rpartition(".")[2]
    refuse.__doc__ = f"Not offered yet; use {instead}."
    return refuse
