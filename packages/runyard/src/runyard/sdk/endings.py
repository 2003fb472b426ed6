"""Interactive runs end with the process that began them, as that process ends.

    the script's last line, sys.exit(0)    Completed
    an uncaught exception                  Failed, with it
    sys.exit(2), sys.exit("text")          Failed, with the code or the text
    killed, os._exit                       nobody is left to tell: the service sees it

What is caught is no end: neither an exception in a cell of a notebook or in a thread, nor a
SystemExit that somebody takes. And a forked child ends no run of its parent. Before Python 3.12
nobody can see the code of a SystemExit that is raised by name: there it counts as Completed.

While a run is open, a thread beats for it, so that a service elsewhere knows of the process.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Dict, List, NoReturn, Optional

from runyard.client import printing
from runyard.protocol.timeouts import SESSION_BEAT_SECONDS

if TYPE_CHECKING:
    from runyard.sdk.run_lifecycle import RunLifecycle

_open: Dict[int, RunLifecycle] = {}
# Each run to the one that is watched and takes it along.
_covered: Dict[str, str] = {}
# In a list, so that a forked child can put another one in.
_guard = [threading.Lock()]
_causes: List[BaseException] = []
# The hook that was put into sys.excepthook, once it was.
_hooks: List[Any] = []
# The process that has the thread: a forked child has none.
_beating = [-1]


def watch(run: RunLifecycle) -> None:
    """End a run with this process, unless somebody ends it before, and beat for it until then."""
    with _guard[0]:
        _open[id(run)] = run
        _covered[run.id] = run.id
        if not _hooks:
            _prepare()
        if _beating[0] != os.getpid():
            _beating[0] = os.getpid()
            threading.Thread(target=_beat, name="runyard-beats", daemon=True).start()


def cover(run: RunLifecycle, parent: str) -> None:
    """Take note that a run ends with its parent, or with what takes that along."""
    _covered[run.id] = _covered.get(parent, "")


def covers(run_id: str) -> bool:
    """Whether a child that is made now ends with an open run of this process."""
    with _guard[0]:
        return _covered.get(run_id) in {run.id for run in _open.values()}


def forget(run: RunLifecycle) -> None:
    """Leave a run alone: it has ended."""
    with _guard[0]:
        _open.pop(id(run), None)


def reason_of(error: BaseException) -> Any:
    """Why a run failed for which this ends its block or its process; None if it did not."""
    if not isinstance(error, SystemExit):
        return error
    code = error.code
    if code is None or code == 0:
        return None
    return f"the process ended with exit code {code:d}" if isinstance(code, int) else str(code)


class _Exit(SystemExit):
    """What `sys.exit` raises here, to learn whether somebody catches it.

    When nobody does, the interpreter drops it with no Python code running any more.
    """

    def __reduce__(self) -> Any:
        # A pool of processes sends it to another one, in which this class watches nothing.
        return SystemExit, self.args

    def __del__(self) -> None:
        if _at_the_bottom():
            _causes.append(SystemExit(self.code))


# Tracebacks show the name, and some programs compare it.
_Exit.__name__ = _Exit.__qualname__ = "SystemExit"


def _prepare() -> None:
    """Have this process's end told, with its cause."""
    before, leave = sys.excepthook, sys.exit

    def hook(kind: Any, error: Any, trace: Any) -> None:
        if _at_the_bottom():
            _causes.append(error)
        before(kind, error, trace)

    def exit_(status: Any = None) -> NoReturn:
        # A thread's own SystemExit ends the thread alone, and is told by its exact class.
        if isinstance(status, (BaseException, tuple)) or not _in_main_thread():
            leave(status)
        raise _Exit(*(() if status is None else (status,)))

    exit_.__doc__ = leave.__doc__
    sys.excepthook, sys.exit = hook, exit_
    for name in ("exit", "quit"):
        # IPython puts functions of its own there, which end a session and no process.
        if type(getattr(builtins, name, None)).__name__ == "Quitter":
            setattr(builtins, name, _Quit(getattr(builtins, name)))
    _hooks.append(hook)
    _see_raised_exits()
    atexit.register(_end_all)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_begin_anew)


def _see_raised_exits() -> None:
    """Have `raise SystemExit(2)` seen, too, where the interpreter tells: from Python 3.12 on."""
    watching: Any = getattr(sys, "monitoring", None)
    # Python sets the other numbers apart for debuggers, coverage, profilers and optimizers.
    free = [n for n in (4, 3) if watching is not None and watching.get_tool(n) is None]
    if not free:
        return

    def unwound(_code: Any, _offset: int, error: BaseException) -> None:
        if type(error) is SystemExit and _at_the_bottom(above=1):
            _causes.append(SystemExit(error.code))

    watching.use_tool_id(free[0], "runyard")
    watching.register_callback(free[0], watching.events.PY_UNWIND, unwound)
    watching.set_events(free[0], watching.events.PY_UNWIND)


class _Quit:
    """exit() and quit() of the prompt, which some scripts call too, by way of `sys.exit`."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __repr__(self) -> str:
        return repr(self._original)

    def __call__(self, code: Any = None) -> NoReturn:
        with contextlib.suppress(Exception):  # as the original does, so that an IDLE ends too
            sys.stdin.close()
        sys.exit(code)


def _begin_anew() -> None:
    """A forked child has begun none of the runs."""
    _guard[0] = threading.Lock()
    _open.clear()
    _covered.clear()
    _causes.clear()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _at_the_bottom(above: int = 0) -> bool:
    """Whether the caller was called by the interpreter itself, with no Python code below it.

    Args:
        above: How many frames there may be below the caller.
    """
    try:
        sys._getframe(2 + above)
    except ValueError:
        return _in_main_thread()
    return False


def _cause() -> Optional[BaseException]:
    """What ends this process, None if nothing went wrong."""
    # The interactive interpreter alone sets it, and goes on after any exception.
    at_prompt = hasattr(sys, "ps1")
    # At the prompt an exception ends nothing; exit() does.
    told = [one for one in _causes if isinstance(one, SystemExit) or not at_prompt]
    if told:
        return told[-1]
    if sys.excepthook in _hooks or at_prompt or hasattr(builtins, "get_ipython"):
        return None
    # Somebody has put a hook in place of ours; the interpreter keeps what it passed on.
    last = getattr(sys, "last_value", None)
    return last if isinstance(last, BaseException) else None


def _end_all() -> None:
    cause = _cause()
    # Children are begun after their parents, and end before them.
    for run in reversed(list(_open.values())):
        reason = None if cause is None else reason_of(cause)
        try:
            if reason is None:
                run.complete()
            else:
                run.fail(error_details=reason)
        except Exception as error:  # noqa: BLE001 - the interpreter is ending, say it and go on
            printing.tell(f"runyard: run {run.id} could not be ended: {error}")


def _beat() -> None:
    pause = threading.Event()
    while not pause.wait(SESSION_BEAT_SECONDS):
        for run in list(_open.values()):
            # The next beat tells as much.
            with contextlib.suppress(Exception):
                _tell(run)


def _tell(run: RunLifecycle) -> None:
    """Beat once; over a connection of its own, which starts no service that has gone to rest."""
    from runyard.client.connection import Connection
    from runyard.client.process import identity
    from runyard.client.workspace import WorkspaceClient

    service = run.service
    with Connection(service.connection.url, service.connection.token, timeout=30.0) as once:
        WorkspaceClient(once, service.id).runs.beat(run.id, identity())
