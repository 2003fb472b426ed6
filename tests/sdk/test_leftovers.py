"""What killed processes logged last is brought by the next client, once, and then removed."""

import json
import subprocess
import sys
import threading

from runyard.client import leftovers
from runyard.sdk import sessions
from runyard.sdk.workspaces import Workspace

KILLED = """
import os, signal
from runyard import Experiment, Workspace
from runyard.client.sender import Sender
run = Experiment(Workspace.from_config(), "exp").start_logging(snapshot_directory=None)
Sender.poll = lambda self: False
Sender.drain = lambda self, deadline=None: False
run.__enter__()
print("seen", flush=True)
for n in range(50):
    run.log("a", n)
os.write(2, run.id.encode())
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed() -> str:
    """Let a process log, bring nothing of it, and be killed; give its run."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == -9, done.stderr
    return done.stderr.split()[-1]


def spool(run: str):
    """A run's spool folder."""
    return leftovers.home.locate() / "spool" / run


def test_a_killed_notebook_loses_nothing(workspace, folder):
    """Whoever opens the workspace next brings metrics and output of any run; its folder goes."""
    name = killed()
    assert spool(name).is_dir()
    sessions._looked.clear()
    found = Workspace.from_config()
    for work in sessions._bringing:
        work.join()
    assert not spool(name).exists()
    run = found.get_run(name)
    assert run.get_metrics() == {"a": list(range(50))}
    run.download_file("logs/user_log.txt", "log.txt")
    assert (folder / "log.txt").read_text() == "seen\n"


def test_a_run_is_read_with_what_its_dead_process_left(workspace):
    """A client that is open already sees it as soon as it asks for the metrics."""
    found = Workspace.from_config()
    name = killed()
    assert found.get_run(name).get_metrics() == {"a": list(range(50))}
    assert not spool(name).exists()


def test_two_clients_at_once_double_nothing(workspace):
    """Each file is brought by the one that gets its lock; who does not, leaves it alone."""
    found = Workspace.from_config()
    name = killed()
    service = found.service
    clients = [
        threading.Thread(target=leftovers.bring, args=(service, spool(name), 30.0))
        for _ in range(4)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert found.get_run(name).get_metrics() == {"a": list(range(50))}
    assert not spool(name).exists()


def test_what_a_living_process_writes_stays(experiment):
    """Another client's notebook goes on logging into its file, whatever we clean up."""
    run = experiment.start_logging(snapshot_directory=None)
    run.log("a", 1)
    folder = spool(run.id)
    (file,) = leftovers.writers(folder)
    assert leftovers.bring(experiment.workspace.service, folder, 30.0)
    assert file.exists()
    other = folder / "1-other.jsonl"
    other.write_text('{"n":"b","k":"scalar","v":1,"s":null,"t":1}\n')
    assert leftovers.bring(experiment.workspace.service, folder, 30.0)
    assert (file.exists(), other.exists()) == (True, False)
    run.log("a", 2)
    assert run.get_metrics() == {"a": [1, 2], "b": 1}
    run.complete()


def test_what_no_service_knows_is_put_aside(experiment):
    """A spool of a run that is gone is kept, and not asked for by every client again."""
    folder = spool("nobody")
    folder.mkdir(parents=True)
    (folder / "1-a.jsonl").write_text('{"n":"b","k":"scalar","v":1,"s":null,"t":1}\n')
    leftovers.mark(folder, experiment.workspace.service)
    assert leftovers.bring(experiment.workspace.service, folder, 30.0)
    assert folder.with_name("unknown-nobody").is_dir()
    elsewhere = spool("elsewhere")
    elsewhere.mkdir()
    place = '{"workspace": "w", "url": "http://example.org"}'
    (elsewhere / leftovers.PLACE).write_text(place)
    assert leftovers.bring(experiment.workspace.service, elsewhere, 30.0)
    assert [path.name for path in elsewhere.iterdir()] == [leftovers.PLACE]


def test_the_command_line_shows_what_was_left(workspace):
    """`runyard runs show` after a kernel died shows its last metrics."""
    name = killed()
    show = [sys.executable, "-m", "runyard", "runs", "show", name]
    done = subprocess.run(show, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not spool(name).exists()
    assert "49" in done.stdout


WATCHED = """
import json, os, sys, threading, time
class Finder:
    def find_spec(self, name, *_):
        if threading.current_thread() is not threading.main_thread():
            found.append(name)
found = []
sys.meta_path.insert(0, Finder())
from runyard import Experiment, Workspace
from runyard.sdk import endings, sessions
endings.SESSION_BEAT_SECONDS = 0.01
told, tell = threading.Event(), endings._tell
endings._tell = lambda run: (tell(run), told.set())
workspace = Workspace.from_config()
assert sessions._bringing
sessions.wait_for_leftovers()
with Experiment(workspace, "exp").start_logging(snapshot_directory=None) as run:
    print("seen")
    run.log("a", 1)
    run.flush()
    assert told.wait(30)
print(json.dumps(found))
"""


def test_our_threads_import_nothing(workspace):
    """A fork during an import on another thread has a child that waits for the module for ever."""
    killed()
    done = subprocess.run(
        [sys.executable, "-c", WATCHED], capture_output=True, text=True, check=True, timeout=120
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
