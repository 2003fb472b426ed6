"""Modules below a package, loaded when they are first named.

v1's packages imported all their modules, so that scripts write `import azureml.core` alone and go
on with `azureml.core.runconfig.MpiConfiguration()` or `azureml.data.__version__`.
"""

from __future__ import annotations

# typing costs more than this module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


def below(package: str) -> Callable[[str], Any]:
    """Make a package's `__getattr__`, which loads the module of a name (PEP 562).

    Args:
        package: The package's name.
    """

    def load(name: str) -> Any:
        from importlib import import_module

        missing = AttributeError(f"module {package!r} has no attribute {name!r}")
        # Python asks for names such as `__wrapped__` at all times.
        if name.startswith("__"):
            raise missing
        try:
            found = import_module(f"{package}.{name}")
        except ModuleNotFoundError:
            raise missing from None
        if hasattr(found, "__path__"):
            vars(found).setdefault("__getattr__", below(found.__name__))
        return found

    return load
