"""Changes modules at the moment that they are imported, and puts others in the place of some.

Python asks its finders for each module that is imported first. This one lets the others find it and
changes what they found once it has been executed, so that nothing is imported that the script does
not import. It counts for the interpreter alone; the files in the environment stay as they are.
"""

import importlib
import sys
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Union

Change = Callable[[ModuleType], None]
Make = Callable[[str], ModuleType]


class Finder:
    """A finder of modules, for `sys.meta_path`.

    Args:
        changes: What is done to modules after they were executed, by name.
    """

    def __init__(self, changes: Mapping[str, Change]) -> None:
        self._changes = dict(changes)
        self._aliases: Dict[str, str] = {}
        self._made: Dict[str, Make] = {}

    def alias(self, names: Mapping[str, str]) -> None:
        """Have modules, and all below them, be others by those names."""
        self._aliases.update(names)

    def make(self, name: str, make: Make) -> None:
        """Have a package, and all below it, be made; what cannot be raises ImportError."""
        self._made[name] = make

    def find_spec(
        self, name: str, path: Optional[Sequence[str]] = None, target: Optional[ModuleType] = None
    ) -> Optional[ModuleSpec]:
        """Find a module that is changed, made, or another one; None leaves it to the others.

        Args:
            name: Its name.
            path: Where the package above it looks.
            target: What is loaded anew.
        """
        change = self._changes.get(name)
        if change is not None:
            return self._found(name, path, target, change)
        # The longest first: an alias may stand below what is made.
        for top in sorted((*self._aliases, *self._made), key=len, reverse=True):
            if name != top and not name.startswith(top + "."):
                continue
            if top in self._aliases:
                return ModuleSpec(name, _Instead(self._aliases[top] + name[len(top) :]))
            return ModuleSpec(name, _Instead(self._made[top](name)), is_package=True)
        return None

    def _found(
        self,
        name: str,
        path: Optional[Sequence[str]],
        target: Optional[ModuleType],
        change: Change,
    ) -> Optional[ModuleSpec]:
        for each in sys.meta_path:
            find = getattr(each, "find_spec", None)
            spec = None if each is self or find is None else find(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Changing(spec.loader, change)
                return spec  # type: ignore[no-any-return]  # another finder's
        return None


class _Changing(Loader):
    """Loads as another loader does, and changes the module then.

    Args:
        loader: The other one.
        change: What is done.
    """

    def __init__(self, loader: Any, change: Change) -> None:
        self._loader = loader
        self._change = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> Optional[ModuleType]:
        """See importlib.abc.Loader."""
        return self._loader.create_module(spec)  # type: ignore[no-any-return]  # another's

    def exec_module(self, module: ModuleType) -> None:
        """See importlib.abc.Loader."""
        # Whoever asks the module for its loader, as pkgutil does, gets the one that it knows.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._change(module)


class _Instead(Loader):
    """Loads a module that has another one put in its place.

    Args:
        other: The other one, or the name by which that is imported.
    """

    def __init__(self, other: Union[str, ModuleType]) -> None:
        self._other = other

    def create_module(self, spec: ModuleSpec) -> None:
        """See importlib.abc.Loader."""
        del spec

    def exec_module(self, module: ModuleType) -> None:
        """See importlib.abc.Loader; the import gives what is in `sys.modules` then."""
        other = self._other
        found = importlib.import_module(other) if isinstance(other, str) else other
        sys.modules[module.__name__] = found
