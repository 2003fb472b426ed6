"""The modules that stand for packages which are not offered; see `absent`.

They are apart from the finder because `importlib.abc` costs more than the import of all v1 names.
"""

from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from runyard.sdk.exceptions import AzureMLException
from runyard.sdk.v1.absent import instead
from runyard.sdk.v1.later import later


class AbsentModule(ModuleType):
    """A module each name of which refuses to be used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name.endswith(("Exception", "Error")):
            # `except ClientException:` needs a class of exceptions; this one is never raised.
            return type(name, (AzureMLException,), {"__module__": self.__name__})
        return later(f"{self.__name__}.{name}", instead(self.__name__) or "")


class AbsentLoader(Loader):
    """Makes the modules."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty module that refuses by name."""
        return AbsentModule(spec.name, f"Not offered; use {instead(spec.name)}.")

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it is: there is no code to run."""
