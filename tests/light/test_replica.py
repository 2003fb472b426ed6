"""A replica: what becomes of its worker, and what the gateway hears of it."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from runyard.protocol import frames
from runyard.protocol.endpoints import Batching, Limits, Liveness

ECHO = "def init():\n    print('init')\ndef run(data):\n    return data[::-1]\n"
SLOW = """
import time
calls = []
def init(): pass
def run(data):
    calls.append(data)
    time.sleep(float(data))
    return len(calls)
"""


HELD = """
import os, time
calls = []
def init(): pass
def run(data):
    calls.append(data)
    open(%r + data, "w").close()
    while not os.path.exists(%r):
        time.sleep(0.02)
    return calls
"""


def held(folder):
    """A script whose calls leave a file each and wait for another one, which is given, too."""
    go = folder / "go"
    return HELD % (str(folder / "begun-"), str(go)), go


def begun(folder, count):
    """Wait until so many calls of a held script have begun."""
    end = time.monotonic() + 60
    while len(list(folder.glob("begun-*"))) < count:
        assert time.monotonic() < end
        time.sleep(0.02)


def gone(pid, seconds=60.0):
    """Whether a process ends within some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


def back_within(gateway, seconds):
    """Whether all are back so soon after a gateway that was away for a while."""
    gateway.stop()
    time.sleep(0.3)
    gateway.start()
    began = time.monotonic()
    gateway.wait_for(lambda: gateway.ready is not None)
    return time.monotonic() - began < seconds


def test_a_script_is_served(replica):
    """What run returns comes back as JSON, and the worker says what it is."""
    gateway = replica.start(ECHO)
    assert gateway.call(b"abc")[:2] == (200, b'"cba"')
    assert gateway.ready.input == "text"
    assert gateway.ready.framework.startswith("script on Python 3.")
    assert gateway.events() == ["started"]
    assert replica.end() == 0
    assert gateway.events()[-1] == "draining"


def test_a_killed_worker_is_replaced(replica):
    """The gateway hears which signal ended the worker and what it had printed, and of the next."""
    gateway = replica.start(ECHO)
    first = replica.worker()
    os.kill(first, signal.SIGKILL)
    gateway.wait_for(lambda: gateway.events()[-2:] == ["died", "started"])
    died = gateway.news[-2]
    assert (died.pid, died.exit_code, died.deaths, died.again_seconds) == (first, -9, 1, 0.1)
    assert "SIGKILL, not by Runyard (it had up to " in died.reason
    assert "init" in died.log_tail
    assert gateway.call(b"ab")[1] == b'"ba"'
    assert replica.worker() != first


def test_an_exit_code_is_told(replica):
    """A script that ends its process is told apart from one that is killed."""
    gateway = replica.start("import os\ndef init(): pass\ndef run(data): os._exit(7)\n")
    gateway.send(b"")
    gateway.wait_for(lambda: "died" in gateway.events())
    died = next(each for each in gateway.news if each.event == "died")
    assert (died.exit_code, died.reason) == (7, "the worker ended with exit code 7")


def test_an_init_that_raises_twice_is_final(replica):
    """The second failure says that nothing will help; the exception is the reason."""
    gateway = replica.start("import nonsense_module\n")
    gateway.wait_for(lambda: "giving-up" in gateway.events())
    # The first is told if the gateway has been reached by then: news takes the place of older.
    *first, last = [each for each in gateway.news if each.event in ("died", "giving-up")]
    assert last.reason == "init() failed: ModuleNotFoundError: No module named 'nonsense_module'"
    assert not any(each.final for each in first)
    assert (last.deaths, last.final, last.again_seconds) == (2, True, 60.0)
    assert last.log_tail[-1] == "ModuleNotFoundError: No module named 'nonsense_module'"
    # It ends at once though it waits for a minute.
    assert replica.end() == 0


def test_an_init_that_takes_too_long_is_killed(replica):
    """The limit is named, and the log shows where init() was."""
    script = "import time\ndef init():\n    time.sleep(60)\ndef run(data): pass\n"
    gateway = replica.start(script, limits=Limits(init_seconds=1.0))
    gateway.wait_for(lambda: "died" in gateway.events())
    died = next(each for each in gateway.news if each.event == "died")
    assert died.reason == "init() took longer than 1 s (limits.init_seconds)"
    assert "line 3 in init" in replica.text()


def test_a_stopped_worker_is_replaced(replica):
    """A process that gives no sign of life is killed; a run that only takes long is not."""
    liveness = Liveness(period_seconds=0.2, timeout_seconds=0.2, failure_threshold=2)
    gateway = replica.start(SLOW, liveness=liveness)
    assert gateway.call(b"1.2")[0] == 200
    assert gateway.beats
    os.kill(replica.worker(), signal.SIGSTOP)
    gateway.wait_for(lambda: "died" in gateway.events())
    died = next(each for each in gateway.news if each.event == "died")
    assert "gave no sign of life" in died.reason


def test_sigterm_lets_the_worker_finish(replica):
    """What was sent before the end is answered; then both processes are gone."""
    gateway = replica.start(SLOW)
    worker = replica.worker()
    number = gateway.send(b"0.7")
    time.sleep(0.2)
    replica.process.send_signal(signal.SIGTERM)
    assert gateway.answer(number)[1] == b"1"
    assert replica.process.wait(60) == 0
    assert gone(worker)
    assert gateway.drained


def test_sigterm_ends_a_worker_that_still_loads(replica):
    """Nobody waits for an init() whose replica is not wanted any more."""
    gateway = replica.start("import time\ndef init(): time.sleep(60)\ndef run(data): pass\n")
    gateway.wait_for(lambda: gateway.events() == ["started"])
    time.sleep(0.5)
    assert replica.end() == 0
    assert gone(gateway.news[0].pid)


def test_no_worker_outlives_its_supervisor(replica):
    """After kill -9 of the supervisor the worker ends, also within a call."""
    gateway = replica.start(SLOW)
    worker = replica.worker()
    gateway.send(b"60")
    time.sleep(0.2)
    replica.process.kill()
    assert gone(worker)


def test_a_gateway_that_starts_again_is_called_soon(replica):
    """Supervisor and worker are back within a few hundredths of a second, without a new init()."""
    gateway = replica.start(ECHO)
    assert gateway.call(b"ab")[1] == b'"ba"'
    # Others work on this machine, too: one return of some is as quick as it is where none do.
    assert any(back_within(gateway, 0.5) for _ in range(5))
    assert gateway.call(b"cd")[1] == b'"dc"'
    assert replica.text().count("Z init\n") == 1


def test_a_worker_serves_before_there_is_a_gateway(replica):
    """The model is loaded meanwhile, and news are told when somebody listens."""
    gateway = replica.start(ECHO, gateway=False)
    until = time.monotonic() + 60
    while "ready after" not in replica.text() and time.monotonic() < until:
        time.sleep(0.05)
    gateway.start()
    assert gateway.call(b"ab")[1] == b'"ba"'
    gateway.wait_for(lambda: gateway.events() == ["started"])


def test_a_canceled_call_is_not_begun(replica, tmp_path):
    """Of two calls that wait the one whose client has gone is left out."""
    script, go = held(tmp_path)
    gateway = replica.start(script)
    first, second, third = gateway.send(b"a"), gateway.send(b"b"), gateway.send(b"c")
    begun(tmp_path, 1)
    gateway.worker.send(frames.pack(frames.CANCEL, second))
    go.touch()
    assert gateway.answer(first)[1] == b'["a"]'
    assert gateway.answer(third)[1] == b'["a", "c"]'
    assert gateway.answer(second)[0].status == 499


def test_an_unknown_frame_is_answered_with_an_error(replica):
    """A newer gateway learns that this worker does not know what it asks."""
    gateway = replica.start(ECHO)
    replica.worker()
    gateway.worker.send(frames.pack(99, 1234))
    assert gateway.answer(1234) == ("error", b"a worker takes no frame of kind 99")


def test_large_bodies_come_and_go(replica):
    """Five megabytes are the same after the way through the worker."""
    gateway = replica.start("def init(): pass\ndef run(data):\n    return data\n")
    body = b"x" * (5 << 20)
    assert gateway.call(body)[1] == b'"' + body + b'"'


def test_concurrency_calls_run_from_several_threads(replica):
    """Three calls that wait for one another end."""
    script = (
        "import threading\nbarrier = threading.Barrier(3)\ndef init(): pass\n"
        "def run(data):\n    barrier.wait(60)\n    return data\n"
    )
    gateway = replica.start(script, limits=Limits(concurrency=3))
    numbers = [gateway.send(b"%d" % number) for number in range(3)]
    assert [gateway.answer(number)[1] for number in numbers] == [b'"0"', b'"1"', b'"2"']


def test_calls_of_a_lost_gateway_are_not_begun(replica, tmp_path):
    """What waits for a thread when the gateway goes has nobody who reads its answer."""
    script, go = held(tmp_path)
    gateway = replica.start(script, limits=Limits(concurrency=2))
    for body in (b"a", b"b", b"c", b"d"):
        gateway.send(body)
    begun(tmp_path, 2)
    gateway.stop()
    gateway.start()
    gateway.wait_for(lambda: gateway.ready is not None)
    go.touch()
    assert sorted(json.loads(gateway.call(b"e")[1].decode())) == ["a", "b", "e"]


def test_one_thread_loads_and_runs(replica):
    """Sessions and graphs of 2019 belong to a thread: init() and run() are called by the same."""
    script = (
        "import threading\ndef init():\n    global thread\n    thread = threading.get_ident()\n"
        "def run(data):\n    return thread == threading.get_ident()\n"
    )
    assert replica.start(script).call()[1] == b"true"


def test_settings_of_the_gateway_count(replica):
    """Limits that were changed after the replica was made hold without a new one."""
    replica.gateway.welcome = frames.Welcome(limits=Limits(concurrency=2))
    script = (
        "import threading\nbarrier = threading.Barrier(2)\ndef init(): pass\n"
        "def run(data):\n    barrier.wait(60)\n    return data\n"
    )
    gateway = replica.start(script)
    numbers = [gateway.send(b"1"), gateway.send(b"2")]
    assert [gateway.answer(number)[0].status for number in numbers] == [200, 200]


BATCHED = """
from runyard import batched
def init(): pass
@batched
def run(data):
    if 'bad' in data: raise ValueError('a bad one')
    return [f"{each} of {len(data)}" for each in data]
"""


def test_batched_calls_are_answered_together(replica):
    """Calls that wait go into one run, and one bad input fails alone."""
    gateway = replica.start(BATCHED, batching=Batching(max_batch=4, max_wait_ms=30_000))
    assert gateway.ready is None or gateway.ready.batched
    numbers = [gateway.send(b"%d" % number) for number in range(4)]
    assert [gateway.answer(each)[1] for each in numbers] == [b'"%d of 4"' % n for n in range(4)]
    numbers = [gateway.send(each) for each in (b"a", b"bad", b"c", b"d")]
    found = [gateway.answer(each) for each in numbers]
    assert [meta.status for meta, _ in found] == [200, 500, 200, 200]
    assert found[0][1] == b'"a of 1"'
    assert b"ValueError: a bad one" in found[1][1]


def test_without_batching_each_call_is_a_batch_of_one(replica):
    """`@batched` does not need the deployment's batching."""
    assert replica.start(BATCHED).call(b"x")[1] == b'"x of 1"'


def test_output_has_the_time_and_what_c_prints(replica):
    """All that the worker prints is in the log, each line with the time."""
    script = (
        "import logging, os, sys\ndef init():\n    logging.getLogger('mine').info('heard')\n"
        "    os.write(2, b'from C\\n')\n    sys.stderr.write('half')\ndef run(data): pass\n"
    )
    gateway = replica.start(script)
    assert gateway.call()[1] == b"{}"
    replica.end()
    lines = replica.text().splitlines()
    assert all(line[:4].isdigit() and line[23:25] == "Z " for line in lines)
    said = [line[25:] for line in lines]
    assert "mine | INFO | heard" in said
    assert "from C" in said


def test_documents_that_are_too_large_keep_no_replica_away(replica):
    """A sample of megabytes is left out of what is shown; the script is served."""
    replica.write('{"x": "%s"}' % ("y" * (2 << 20)), "swagger.json")
    gateway = replica.start(ECHO)
    assert gateway.call(b"ab")[1] == b'"ba"'
    assert gateway.ready.swagger == {}
    # What the worker says is written down when the supervisor gets to it.
    replica.end()
    assert "too large to be shown" in replica.text()


def test_a_broken_file_is_told_at_once(replica):
    """A replica that cannot know what to serve ends with a reason in its log."""
    replica.write("{}", ".runyard/serving.json")
    replica.spec = None
    replica.start_process()
    assert replica.process.wait(60) == 1
    assert ".runyard/serving.json cannot be read: WorkerSpec.endpoint is missing" in replica.text()


@pytest.mark.parametrize("name", ["queue.py", "signal.py", "selectors.py"])
def test_files_of_the_user_do_not_hide_the_librarys(replica, name):
    """A module beside score.py that is called as one of Python's breaks no replica."""
    replica.write("raise RuntimeError('the wrong one')\n", name)
    assert replica.start(ECHO).call(b"ab")[1] == b'"ba"'
