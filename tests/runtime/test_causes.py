"""From what an interpreter told, or a log shows, to the cause that a user reads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import runyard.runtime
from runyard.runtime import causes

STARTUP = Path(runyard.runtime.__file__).parent / "startup"
TRACE = 'Traceback (most recent call last):\n  File "train.py", line 3, in <module>\n    f()\n'
GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "train.py", line 1, in <module>
  | ExceptionGroup: several (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: a
    +---------------- 2 ----------------
    | TypeError: b
    +------------------------------------
"""


def write(tmp_path, text):
    log = tmp_path / "log"
    log.write_bytes(text.encode("utf-8", "surrogateescape"))
    return str(log)


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (TRACE + "ValueError: bad rate", "ValueError: bad rate"),
        (TRACE + "KeyboardInterrupt", "KeyboardInterrupt"),
        (TRACE + "a.b.OwnError: x: y", "a.b.OwnError: x: y"),
        (TRACE + "ValueError: two\nlines", "ValueError: two\nlines"),
        (TRACE + "KeyError: 1\n\nDuring it\n\n" + TRACE + "TypeError: 2\n", "TypeError: 2"),
        (TRACE + "ValueError: caught\nend of epoch\n" + TRACE + "OSError: 5", "OSError: 5"),
        ("\r 10%|#\r 50%|##" + TRACE + "ValueError: under a bar", "ValueError: under a bar"),
        ("loading..." + TRACE + "OSError: no disk", "OSError: no disk"),
        (TRACE.replace("  ", "\t") + "KeyError: 'tab'", "KeyError: 'tab'"),
        (TRACE + "ValueError: " + "x" * 100_000, "ValueError: xx"),
        (TRACE + "ValueError: \x1b[31mred\x1b[0m", "ValueError: red"),
        (GROUP, "ExceptionGroup: several (2 sub-exceptions)"),
        (
            "".join(f"[rank1]: {line}\n" for line in (TRACE + "OSError: 1").splitlines()),
            "OSError: 1",
        ),
        (
            '  File "t.py", line 1\n    x =\nSyntaxError: invalid syntax',
            "SyntaxError: invalid syntax",
        ),
    ],
)
def test_the_exception_at_the_end_of_a_log_is_named(tmp_path, log, message):
    """A program whose interpreter told nothing is explained by the traceback that ended it."""
    assert causes.of(1, write(tmp_path, log)).startswith(f"failed with {message}")


@pytest.mark.parametrize("more", ["epoch\n" * 30, "x\n" * 6])
def test_an_exception_in_the_middle_of_a_log_is_no_cause(tmp_path, more):
    """What was handled, printed and followed by more work is not blamed for the end."""
    said = causes.of(1, write(tmp_path, TRACE + "OSError: no cache\n" + more + "giving up"))
    assert said == "failed with exit code 1; the last line of its log is: giving up"


def test_a_code_that_no_exception_gives_is_told_as_such(tmp_path):
    """An uncaught exception ends Python with 1: another code was chosen by the program."""
    said = causes.of(4, write(tmp_path, TRACE + "OSError: printed"))
    assert said.startswith("failed with exit code 4")


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (137, " (as shells tell SIGKILL; the machine may have run out of memory)"),
        (139, " (as shells tell SIGSEGV)"),
        (120, " (Python could not write the rest of its output)"),
        (128, ""),
        (250, ""),
    ],
)
def test_a_code_that_others_have_chosen_is_explained(tmp_path, code, meaning):
    """A shell that waited for the real program tells its signal by a number."""
    assert causes.of(code, write(tmp_path, "")) == f"failed with exit code {code}{meaning}"


def test_an_endless_line_is_told_by_its_ends(tmp_path):
    """A message of 100,000 characters keeps its beginning, which names it, and its end."""
    said = causes.of(1, write(tmp_path, TRACE + "ValueError: " + "x" * 100_000 + "end"))
    assert len(said) < 1100
    assert said.endswith("end")


def told(tmp_path, script, env=None):
    """Run a script as the agent does; give its exit status and what it told."""
    file = tmp_path / "train.py"
    file.write_text(script, "utf-8")
    endings = tmp_path / "endings"
    own = {"PYTHONPATH": str(STARTUP), "RUNYARD_ENDING": f"{os.getpid()}:{endings}"}
    process = subprocess.Popen(
        [sys.executable, str(file)],
        env={**os.environ, **own, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    output = process.communicate()[0].decode("utf-8", "replace")
    (tmp_path / "log").write_text(output, "utf-8")
    found = causes.read(str(endings / str(process.pid)))
    assert len(list(endings.glob("*"))) <= 1
    return process.returncode, found, output


def cause(tmp_path, script):
    status, found, _ = told(tmp_path, script)
    return causes.of(status, str(tmp_path / "log"), found)


HANDLED = "import sys, traceback\ntry: open('/no/cache')\nexcept OSError: traceback.print_exc()\n"


HOOK = """
import sys
def hook(*a): print('logged'); sys.exit(5)
sys.excepthook = hook
raise OSError('h')
"""
SWALLOWED = """
import sys
try: sys.exit('usage')
except SystemExit: pass
raise KeyError(2)
"""
LATE = """
import atexit
atexit.register(lambda: 1/0); atexit.register(print, 'bye')
raise ValueError('first')
"""
POOL = """
import multiprocessing
def work(x): raise ValueError('in worker')
if __name__ == '__main__':
    with multiprocessing.get_context('fork').Pool(1) as pool: pool.map(work, [1])
"""
STRANGE = """
import sys
class Strange(Exception):
    def __len__(self): return 0
    def __eq__(self, other): raise TypeError
"""
THREAD = """
import threading, sys
for f in (lambda: 1/0, lambda: sys.exit('of the thread')):
    t = threading.Thread(target=f); t.start(); t.join()
sys.exit('main')
"""


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("raise ValueError('bad Größe 汉 \\udcff')", "ValueError: bad Größe 汉 \udcff"),
        ("raise ValueError", "ValueError"),
        ("class Own(Exception): pass\nraise Own('it\\'s \"x\"')", 'Own: it\'s "x"'),
        (
            "try: 1/0\nexcept Exception as e: raise KeyError('outer') from e",
            "KeyError: 'outer' (caused by ZeroDivisionError: division by zero)",
        ),
        (
            "try: 1/0\nexcept Exception: {}['x']",
            "KeyError: 'x' (while handling ZeroDivisionError: division by zero)",
        ),
        ("try: 1/0\nexcept Exception: raise KeyError(1) from None", "KeyError: 1"),
        ("import sys; sys.exit('no data \\x1b[1mfound')", "SystemExit: no data found"),
        ("exit('the shell\\'s own')", "SystemExit: the shell's own"),
        ("import sys; sys.exit(3)", "exit code 3"),
        (HANDLED + "print('accuracy 0.1', flush=True); sys.exit('too bad')", "SystemExit: too bad"),
        (
            "import sys\ntry: 1/0\nexcept Exception: sys.exit(1)",
            "exit code 1 while handling ZeroDivisionError: division by zero",
        ),
        ("import sys; sys.excepthook = lambda *a: print('ERR'); raise OSError('h')", "OSError: h"),
        (HOOK, "exit code 5 while handling OSError: h"),
        (SWALLOWED, "KeyError: 2"),
        (LATE, "ValueError: first"),
        (THREAD, "SystemExit: main"),
        (POOL, "ValueError: in worker"),
        (STRANGE + "raise Strange('odd') from Strange('cause')", "Strange: odd (caused by Strange"),
        (
            STRANGE + "try: raise Strange\nexcept Strange: sys.exit(3)",
            "code 3 while handling Strange",
        ),
        ("raise SystemExit('raised')", "raised"),
        (HANDLED + "print('went on', flush=True); raise SystemExit('raised')", "raised"),
        (HANDLED + "print('over', flush=True); sys.exit(1)", "exit code 1; the last line"),
        (HANDLED + "sys.exit(1)", "FileNotFoundError: [Errno 2]"),
        ("def f(:\n pass", "SyntaxError"),
        ("def f(): f()\nf()", "RecursionError"),
        ("x = [0] * 10**17", "MemoryError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("input('name? ')", "EOFError: EOF when reading a line (nobody answers input()"),
        ("raise ValueError('x' * 100_000 + 'end')", "ValueError: xxx"),
        ("class E(Exception):\n def __str__(self): 1/0\nraise E", "E: <a text that"),
        ("import os, sys; os.closerange(0, 99); raise ValueError('closed')", "ValueError: closed"),
    ],
)
def test_the_interpreters_own_end_is_the_cause(tmp_path, script, said):
    """However a script ends, what ended it is told, not what its log happens to hold."""
    found = cause(tmp_path, script)
    assert said in found
    assert "Traceback" not in found
    assert "went on\n" not in found


HINTED = HANDLED + "print('\\nSet FULL_ERROR=1 for more.', file=sys.stderr, flush=True)\n"
EPOCHS = HANDLED + "for n in range(5): print('epoch', n, flush=True)\n"


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        (HINTED + "sys.exit(1)", "FileNotFoundError: [Errno 2] No such file or directory"),
        (HINTED + "raise SystemExit(1)", "FileNotFoundError: [Errno 2] No such file or directory"),
        ("raise SystemExit('no data\\nmake some')", "no data\nmake some"),
        ("class Stop(SystemExit): pass\nraise Stop('no data\\nmake some')", "no data\nmake some"),
        (EPOCHS + "raise SystemExit('bad\\nrate')", "epoch 4\nbad\nrate"),
    ],
)
def test_the_lines_that_tell_of_an_exit_are_shown(tmp_path, script, shown):
    """A hint below the cause, or the second line of a text, does not hide what was said."""
    found = cause(tmp_path, script)
    assert found.startswith("failed with exit code 1; the last lines of its log are:\n")
    assert shown in found
    assert "Traceback" not in found
    assert ", line " not in found


@pytest.mark.parametrize("end", ["sys.exit(1)", "raise SystemExit(1)", "raise SystemExit('bad')"])
def test_what_was_handled_before_more_work_is_not_shown_at_an_exit(tmp_path, end):
    """An exception that the script lived with is not told beside its end."""
    found = cause(tmp_path, EPOCHS + end)
    assert "FileNotFoundError" not in found
    assert "line" not in found.partition("log")[2]


def test_a_group_is_told_with_its_parts_and_notes(tmp_path):
    """Of several exceptions at once all are named, with what was added to them."""
    script = (
        "e = ExceptionGroup('two failed', [ValueError('a'), TypeError('b')])\n"
        "e.add_note('on node 1')\nraise e"
    )
    assert cause(tmp_path, script) == (
        "failed with ExceptionGroup: two failed (2 sub-exceptions)\non node 1: "
        "ValueError: a; TypeError: b"
    )


FORKED = """
import os
pid = os.fork()
if not pid: raise ValueError('child')
os.wait()
os._exit(1)
"""
STARTED = """
import os, subprocess, sys
subprocess.call([sys.executable, '-c', 'raise ValueError(1)'])
os._exit(1)
"""
SPAWNED = """
import multiprocessing as m, os
def f(): raise ValueError('child')
if __name__ == '__main__':
    p = m.get_context('spawn').Process(target=f); p.start(); p.join(); os._exit(1)
"""


@pytest.mark.parametrize(
    "script", [FORKED, STARTED, SPAWNED, "import os; os.abort()", "print('fine')"]
)
def test_what_is_not_the_processs_own_end_is_not_told(tmp_path, script):
    """The exception of a child, and an end without a word, are not made the script's."""
    found = told(tmp_path, script)[1]
    assert found is None or found.text == found.context == ""


LOOK = """
import pickle, sys, inspect, multiprocessing, os
class Own: pass
def square(x): return x * x
if __name__ == '__main__':
    print(sys.argv, os.path.basename(__file__), sys.path[0] == os.path.dirname(__file__))
    print([p for p in sys.path if 'startup' in p], sys.excepthook is sys.__excepthook__)
    print(pickle.loads(pickle.dumps(sys.exit)) is sys.exit, sys.exit.__name__)
    print(type(pickle.loads(pickle.dumps(Own()))) is Own, inspect.getsource(square).strip())
    print(len(inspect.stack()), __spec__, type(__loader__).__name__)
    context = multiprocessing.get_context('spawn')
    with context.Pool(1) as pool: print(pool.map(square, [3]))
    import sitecustomize; print(sitecustomize.__file__)
"""


def test_the_script_sees_nothing_of_it(tmp_path):
    """Arguments, paths, hooks, pickles, sources and spawned workers are as without it."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import builtins; builtins.greeted = 1\n")
    path = os.pathsep.join((str(STARTUP), str(own)))
    _, _, shown = told(tmp_path, LOOK + "    print(greeted)\n", env={"PYTHONPATH": path})
    assert shown.splitlines() == [
        f"['{tmp_path / 'train.py'}'] train.py True",
        "[] True",
        "True exit",
        "True def square(x): return x * x",
        "1 None SourceFileLoader",
        "[9]",
        str(own / "sitecustomize.py"),
        "1",
    ]
