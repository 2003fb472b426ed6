"""Has the interpreter of a job's process tell how it ended: by which exception, with which text.

Python imports this module when it starts, because its folder is on PYTHONPATH. It takes the folder
off the path again and lets the environment's own `sitecustomize`, which it stands before, follow.
Only in the process that the agent started it does more: the agent's process id and a folder are in
a variable, and the process's parent must be that one. At the end of that process

    <folder>/<pid>    kind, exit code, text, context: a line each, a Python literal in ASCII

is written by the handler that was registered first, so it is called last. An uncaught exception
lies in `sys.last_value`, whatever the script has made of `sys.excepthook`; an exit leaves no trace
there, so `sys.exit` notes what it was given. Where there is neither, the end came by itself or by
`raise SystemExit`. What ends without a word (`os._exit`, a signal) leaves no file.

Python may be older here than anywhere else, so the statements are plain.
"""

import _thread
import atexit
import os
import sys

VARIABLE = "RUNYARD_ENDING"
COMPATIBILITY = "RUNYARD_COMPATIBILITY"
EXCEPTION, EXIT, END = "exception", "exit", "end"
TEXT_CHARACTERS, PART_CHARACTERS = 2000, 400
PARTS, LINKS, NOTES = 8, 3, 5


class Exit:
    """What `sys.exit` was given.

    Args:
        status: An exit code, a text, or whatever else.
        handled: The exception that was being handled then.
        uncaught: The exception that had come to its end before, as when an excepthook exits.
    """

    def __init__(self, status: object, handled: object, uncaught: object) -> None:
        # Texts at once: an exception that is kept would keep everything that its frames hold.
        self.uncaught = id(uncaught)
        self.code = 0 if status is None else status & 0xFF if isinstance(status, int) else 1
        told = status is not None and not isinstance(status, int)
        self.text = shortened(_text(status), TEXT_CHARACTERS) if told else ""
        before = uncaught if handled is None else handled
        self.context = "" if before is None else describe(before)


class Ending:
    """The end of this process, told when it has come.

    Args:
        path: The file that takes it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._pid = os.getpid()
        self._thread = _thread.get_ident()
        self._exits = []  # type: list[Exit]
        self._watch_exits()
        atexit.register(self.tell)

    def tell(self) -> None:
        """Write how the process ends; a forked child, which got this handler too, must not."""
        if os.getpid() != self._pid:
            return
        try:
            _write(self._path, self._lines())
        except Exception:  # noqa: BLE001 - a script's end must not show what fails here
            return

    def _lines(self) -> "list[object]":
        last = uncaught()
        if self._exits and (last is None or self._exits[0].uncaught == id(last)):
            asked = self._exits[0]
            return [EXIT, asked.code, asked.text, asked.context]
        return [END, 0, "", ""] if last is None else [EXCEPTION, 1, describe(last), ""]

    def _note(self, status: object) -> None:
        # A thread's exit ends the thread alone.
        if _thread.get_ident() != self._thread or os.getpid() != self._pid:
            return
        try:
            self._exits = [Exit(status, sys.exc_info()[1], uncaught())]
        except Exception:  # noqa: BLE001 - the exit goes on, whatever fails here
            self._exits = []

    def _watch_exits(self) -> None:
        """Put functions that take notes in the place of `sys.exit` and the shell's `exit()`."""
        by_system = sys.exit

        def exit(*status: "str | int | None") -> None:  # noqa: A001 - this is what it is
            self._note(status[0] if status else None)
            by_system(*status)

        exit.__doc__, exit.__module__, exit.__qualname__ = by_system.__doc__, "sys", "exit"
        setattr(sys, "exit", exit)  # noqa: B010 - mypy knows that this never happens
        quitter = getattr(sys.modules.get("_sitebuiltins"), "Quitter", None)
        if quitter is None:
            return
        by_shell = quitter.__call__

        def call(this: object, code: object = None) -> None:
            self._note(code)
            by_shell(this, code)

        quitter.__call__ = call


def uncaught() -> object:
    """The exception that has reached the interpreter, None before."""
    return getattr(sys, "last_exc", getattr(sys, "last_value", None))


def describe(error: object) -> str:
    """The type and text of an exception, its notes, the parts of a group, and what led to it."""
    seen = [error]
    found = _line(error, TEXT_CHARACTERS)
    before, how = _before(error)
    # By identity: an exception may have any idea of what equals it.
    while before is not None and id(before) not in map(id, seen) and len(seen) <= LINKS:
        found += " (" + how + " " + _line(before, PART_CHARACTERS)
        seen.append(before)
        before, how = _before(before)
    return found + ")" * (len(seen) - 1)


def shortened(text: str, characters: int) -> str:
    """A text, or its beginning and its end."""
    if len(text) <= characters:
        return text
    end = characters // 4
    return text[: characters - end] + " ... " + text[-end:]


def _before(error: object) -> "tuple[object, str]":
    """The exception from which one came, and in which way."""
    cause = getattr(error, "__cause__", None)
    if type(cause).__name__.endswith("RemoteTraceback"):
        # So pools of processes carry a text that the log has, and no cause.
        return None, ""
    if cause is not None:
        return cause, "caused by"
    if getattr(error, "__suppress_context__", True):
        return None, ""
    return getattr(error, "__context__", None), "while handling"


def _line(error: object, characters: int) -> str:
    kind = type(error)
    module = kind.__module__
    name = (
        kind.__qualname__
        if module in ("builtins", "__main__")
        else module + "." + kind.__qualname__
    )
    text = shortened(_text(error), characters)
    found = name + ": " + text if text else name
    for note in _tuple(error, "__notes__")[:NOTES]:
        found += "\n" + shortened(_text(note), PART_CHARACTERS)
    parts = _tuple(error, "exceptions")
    if parts:
        told = [_line(part, characters // PARTS) for part in parts[:PARTS]]
        rest = ["..."] if len(parts) > PARTS else []
        found += ": " + "; ".join(told + rest)
    return found


def _tuple(error: object, name: str) -> "tuple[object, ...]":
    """An attribute that notes, or groups of exceptions, have."""
    try:
        found = getattr(error, name, ())
    except Exception:  # noqa: BLE001 - a property of the script's own
        return ()
    if name == "exceptions" and not all(isinstance(one, BaseException) for one in found):
        return ()
    return tuple(found) if isinstance(found, (list, tuple)) else ()


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a __str__ of the script's own
        return "<a text that cannot be made>"


def _write(path: str, lines: "list[object]") -> None:
    """Write a literal a line, in one piece: whoever reads it waits for the process's end."""
    os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, "".join(ascii(line) + "\n" for line in lines).encode("ascii"))
    finally:
        os.close(file)


def _begin() -> None:
    """Have the end told, if this is the process that the agent has started."""
    parent, _, folder = os.environ.get(VARIABLE, "").partition(":")
    if folder and parent == str(os.getppid()):
        Ending(os.path.join(folder, str(os.getpid())))


def _stand_in() -> None:
    """Have frameworks behave as older ones, in all processes of a job whose environment says so."""
    told = os.environ.get(COMPATIBILITY, "")
    if told:
        from runyard.runtime import compatibility

        compatibility.begin(told)


def _follow() -> None:
    """Let the module of this name that would have come without this one follow."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [place for place in sys.path if place != here]
    this = sys.modules.pop(__name__)
    try:
        __import__(__name__)
    except ImportError as error:
        sys.modules[__name__] = this
        if error.name != __name__:
            raise


if __name__ == "sitecustomize":
    _begin()
    _stand_in()
    _follow()
