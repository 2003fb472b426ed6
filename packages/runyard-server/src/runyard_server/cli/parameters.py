"""What a command takes, read from its function: the signature is the command line.

    @group.command("list")
    def list_(experiment: Annotated[str | None, Option("--experiment", "-e", help=...)] = None): ...

A parameter is annotated with its type and an `Option` or an `Argument`. A type of `bool` is a flag
(`--wait`, and `--no-wait` where it is on by default), `list[str]` takes several. The function's
docstring is the command's help. Nothing here imports more than Python's start does, because every
command waits for it.
"""

from collections.abc import Callable, Iterable
from types import UnionType
from typing import Any, NamedTuple, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

Given = dict[str, Any]
"""What was given so far, by parameter; completion sees it half-typed."""
Offers = Iterable[str | tuple[str, str]]
"""What completion offers: values, or values with a description."""
Completer = Callable[[Given, str], Offers]


class Option:
    """A named parameter.

    Args:
        names: `--name`, `-n`; none: the parameter's name.
        help: One sentence.
        metavar: What the value is called in the help.
        variable: An environment variable that gives the value when the command line does not.
        least: The smallest number allowed.
        most: The largest number allowed.
        complete: Offers values to the shell.
    """

    def __init__(
        self,
        *names: str,
        help: str,  # noqa: A002 - the word for it
        metavar: str = "",
        variable: str = "",
        least: int | None = None,
        most: int | None = None,
        complete: Completer | None = None,
    ) -> None:
        self.names = names
        self.help = help
        self.metavar = metavar
        self.variable = variable
        self.least = least
        self.most = most
        self.complete = complete


class Argument:
    """A parameter that is known by its place.

    Args:
        metavar: What it is called in the help.
        help: One sentence.
        complete: Offers values to the shell.
    """

    def __init__(self, metavar: str, *, help: str, complete: Completer | None = None) -> None:  # noqa: A002
        self.metavar = metavar
        self.help = help
        self.complete = complete


class Parameter(NamedTuple):
    """One parameter of a command's function."""

    name: str
    spec: Option | Argument
    type: type
    many: bool
    required: bool
    default: Any

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value."""
        return self.type is bool

    @property
    def names(self) -> tuple[str, ...]:
        """The names that set it, or turn the flag on; none for an argument."""
        if isinstance(self.spec, Argument):
            return ()
        return self.spec.names or ("--" + self.name.replace("_", "-"),)

    @property
    def off_names(self) -> tuple[str, ...]:
        """The names that turn a flag off which is on by default."""
        on_by_default = self.is_flag and self.default is True
        return tuple("--no-" + name[2:] for name in self.names if on_by_default)

    @property
    def metavar(self) -> str:
        """What its value is called in the help; "" for a flag."""
        if self.is_flag:
            return ""
        return self.spec.metavar or ("NUMBER" if self.type in (int, float) else "TEXT")


class Command:
    """A command: a function, its parameters and its help."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.help = _dedented(function.__doc__ or "")
        self.parameters = list(_parameters(function))

    @property
    def summary(self) -> str:
        """The first sentence of the help."""
        return self.help.split("\n\n", 1)[0].replace("\n", " ")

    @property
    def options(self) -> list[Parameter]:
        """What is given by name."""
        return [one for one in self.parameters if isinstance(one.spec, Option)]

    @property
    def arguments(self) -> list[Parameter]:
        """What is given by place, in order."""
        return [one for one in self.parameters if isinstance(one.spec, Argument)]


class Group:
    """Commands under one noun.

    Attributes:
        commands: The commands by name.
        otherwise: The command that is meant where what follows the noun names none.
    """

    def __init__(self) -> None:
        self.commands: dict[str, Command] = {}
        self.otherwise: Command | None = None

    def command(self, name: str = "") -> Callable[[Function], Function]:
        """Make the function below a command of the group; by default under its own name."""

        def add(function: Function) -> Function:
            self.commands[name or function.__name__] = Command(function)
            return function

        return add


def _parameters(function: Callable[..., Any]) -> Iterable[Parameter]:
    # By hand: `inspect.signature` would load `inspect`, for which each command would wait.
    code, annotations = function.__code__, function.__annotations__
    names = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    optional = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    for name in names:
        # Commands' modules do without postponed annotations, so this is no text to be evaluated.
        annotated = annotations[name]
        kind, many = _kind(annotated.__origin__)
        spec = annotated.__metadata__[0]
        yield Parameter(name, spec, kind, many, name not in optional, optional.get(name))


def _kind(origin: Any) -> tuple[type, bool]:
    """Read `str | None` and `list[str]`: the type of one value, and whether there are many."""
    if isinstance(origin, UnionType):
        (origin,) = (kind for kind in origin.__args__ if kind is not type(None))
    if getattr(origin, "__origin__", None) is list:
        return origin.__args__[0], True
    return origin, False


def _dedented(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())
