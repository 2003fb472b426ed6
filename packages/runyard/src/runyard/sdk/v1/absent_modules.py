"""The modules that stand for packages which are not offered; see `absent`.

They are apart from the finder because `importlib.abc` costs more than the import of all v1 names.
"""

from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from runyard.sdk.exceptions import AuthenticationException, AzureMLException, UserErrorException
from runyard.sdk.v1.later import later


class AbsentModule(ModuleType):
    """A module each name of which refuses to be used.

    Args:
        name: Its full name.
        instead: What to use, the end of a sentence that begins with "use".
    """

    def __init__(self, name: str, instead: str) -> None:
        super().__init__(name, f"Not offered; use {instead}.")
        self._instead = instead

    def __getattr__(self, name: str) -> Any:
        # The import system, pickle and debuggers ask for private names, and need a plain no.
        if name.startswith("_"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name.endswith(("Exception", "Error")):
            # `except ClientException:` needs a class of exceptions; this one is never raised.
            return type(name, (AzureMLException,), {"__module__": self.__name__})
        return later(f"{self.__name__}.{name}", self._instead)


class AbsentLoader(Loader):
    """Makes the modules.

    Args:
        instead: What to use in place of them.
    """

    def __init__(self, instead: str) -> None:
        self._instead = instead

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty module that refuses by name."""
        return AbsentModule(spec.name, self._instead)

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it is: there is no code to run."""


class BesideLoader(Loader):
    """Makes the modules of `msrest`, whose errors v1's notebooks catch.

    With the package itself installed nobody asks for them.
    """

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module with our errors under the names that they had there."""
        found = ModuleType(spec.name, "The errors of v1's requests, which are ours here.")
        names = {
            "ClientException": AzureMLException,
            "ClientRequestError": AzureMLException,
            "HttpOperationError": UserErrorException,
            "AuthenticationError": AuthenticationException,
        }
        if spec.name.endswith(".exceptions"):
            vars(found).update(names)
        return found

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it is: there is no code to run."""
