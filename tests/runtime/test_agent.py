"""A job from its folder to the service's books, with real processes."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runyard.protocol.jobs import JobEnvironment


def test_a_script_runs_to_its_end(room):
    """What a script prints and leaves in ./outputs is with the service before the last word."""
    script = "print('hello'); open('outputs/model.txt', 'w').write('weights')"
    finish = room.run(script)
    assert finish["outcome"] == "completed"
    assert finish["exit_code"] == 0
    assert room.service.driver_log == b"hello\n"
    digest = hashlib.sha256(b"weights").hexdigest()
    assert room.service.files["outputs/model.txt"]["digest"] == digest
    assert room.service.blobs[digest] == b"weights"
    assert room.service.states == ["running", "finalizing"]
    assert room.service.order[-1] == "/nodes/0/finish"
    assert room.state()["phase"] == "done"


def test_a_failing_script_is_explained_and_its_outputs_are_kept(room):
    """The error carries exception, text, exit code and the log's end; ./outputs is not lost."""
    script = "open('outputs/part', 'w').write('x')\nprint('before')\nraise ValueError('bad rate')"
    finish = room.run(script)
    assert finish["outcome"] == "failed"
    assert finish["error"]["code"] == "UserError"
    assert finish["error"]["message"] == "User program failed with ValueError: bad rate"
    assert finish["error"]["exit_code"] == finish["exit_code"] == 1
    assert finish["error"]["log_tail"].splitlines()[0] == "before"
    assert "outputs/part" in room.service.files


HANDLED = """
import sys, traceback
try: open('/no/cache')
except OSError: traceback.print_exc()
for epoch in range(3): print('epoch', epoch)
sys.exit('accuracy 0.1 below 0.9')
"""


@pytest.mark.parametrize("command", [[], ["exec python train.py"]])
def test_the_exit_is_told_and_not_what_was_handled(room, command):
    """An exception that a script has printed and got over is not blamed for its end."""
    given = {"PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}
    finish = room.run(HANDLED, command=command, variables=given)
    told = "User program failed with SystemExit: accuracy 0.1 below 0.9"
    assert finish["error"]["message"] == told
    assert finish["exit_code"] == 1


def test_a_chosen_exit_code_is_told(room):
    """`sys.exit(3)` is a failure with that code, and `sys.exit(0)` is none."""
    finish = room.run("import sys; print('so long'); sys.exit(3)")
    assert finish["exit_code"] == 3
    assert "exit code 3" in finish["error"]["message"]


def test_a_killed_script_names_the_signal(room):
    """Whoever's script was killed learns by which signal; log and outputs are there."""
    script = (
        "import os, signal; print('alive'); open('outputs/x', 'w').write('x')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    finish = room.run(script)
    assert finish["outcome"] == "failed"
    assert finish["signal"] == finish["error"]["signal"] == "SIGKILL"
    assert room.service.driver_log == b"alive\n"
    assert "outputs/x" in room.service.files


def test_arguments_are_expanded_from_the_environment(room):
    """`$NAME` and `${NAME}` are replaced per process; `~` and unknown names stay."""
    finish = room.run(
        "import sys, json; print(json.dumps(sys.argv))",
        arguments=["--rank", "$RANK", "${RANK}x", "~", "$NOT_SET", "0.01"],
        variables={"RANK": "7"},
    )
    assert finish["outcome"] == "completed"
    shown = json.loads(room.service.driver_log)
    assert shown == ["train.py", "--rank", "7", "7x", "~", "$NOT_SET", "0.01"]


def test_a_command_replaces_the_script(room):
    """`command` runs as it stands; one text with spaces is a shell's."""
    room.run("", command=["echo $NAME | tr a-z A-Z; pwd"], variables={"NAME": "loud"})
    assert room.service.driver_log == f"LOUD\n{room.work}\n".encode()


def test_a_shell_expands_its_line_itself(room, monkeypatch):
    """What the line sets counts in it, and where the agent was started says nothing to a job."""
    monkeypatch.setenv("PWD", "/elsewhere")
    line = "export NAME=quiet && echo $NAME $PWD"
    room.run("", command=["/bin/sh", "-c", line], variables={"NAME": "loud"})
    assert room.service.driver_log == f"quiet {room.work}\n".encode()


def test_the_working_folder_is_in_a_variable(room, monkeypatch):
    """Scripts ask `os.environ["PWD"]`, and give `$PWD` as an argument."""
    monkeypatch.setenv("PWD", "/elsewhere")
    room.run("import os, sys; print(os.environ['PWD'], sys.argv[1])", arguments=["$PWD"])
    assert room.service.driver_log == f"{room.work} {room.work}\n".encode()


def test_a_missing_script_is_told_with_the_nearest(room):
    """A wrong script name fails the run with the names that are there."""
    finish = room.run("pass", script_name="trian.py")
    assert finish["outcome"] == "failed"
    assert "'trian.py'" in finish["error"]["message"]
    assert "train.py" in finish["error"]["message"]


def test_a_script_may_be_called_like_an_option(room):
    """`-c.py` is run, and not taken by the interpreter for a program of its own."""
    script = room.store("-c.py", b"print('ran')")
    finish = room.run("", script_name="-c.py", files=[script])
    assert (finish["outcome"], room.service.driver_log) == ("completed", b"ran\n")


def test_a_missing_interpreter_is_told(room):
    """An interpreter that is not on the node fails the run by its name."""
    finish = room.run("pass", environment=JobEnvironment(interpreter="/no/such/python"))
    assert "/no/such/python" in finish["error"]["message"]


def test_output_that_is_no_utf8_is_kept_byte_by_byte(room):
    """A script may print any bytes, also when it fails."""
    finish = room.run(r"import os; os.write(1, b'\xff\xfe\x00ok\n'); raise KeyError('\udcff')")
    assert room.service.driver_log.startswith(b"\xff\xfe\x00ok\n")
    assert "KeyError" in finish["error"]["message"]


def test_a_script_may_close_its_output(room):
    """Closing stdout and stderr disturbs nothing."""
    finish = room.run(
        "import os, sys; print('first', flush=True); os.close(1); os.close(2)\n"
        "open('outputs/x', 'w').write('x')"
    )
    assert finish["outcome"] == "completed"
    assert room.service.driver_log == b"first\n"


FORKS = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN if {stubborn} else signal.SIG_DFL)
        open('outputs/pid', 'w').write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
while not os.path.exists('outputs/pid') or not open('outputs/pid').read():
    time.sleep(0.01)
print('ready', flush=True)
"""


def test_a_child_left_behind_is_ended(room, alive):
    """The run ends with its script, and what hid in another session is stopped and told."""
    finish = room.run(FORKS.format(stubborn=False))
    assert finish["outcome"] == "completed"
    assert not alive(int((room.work / "outputs" / "pid").read_text()))
    assert "left processes behind" in finish["warnings"][0]


def test_cancel_ends_the_whole_tree(room, alive):
    """SIGTERM to the agent ends the script and a grandchild that ignores SIGTERM."""
    room.write_job(FORKS.format(stubborn=True) + "time.sleep(600)")
    agent = room.start()
    room.wait_for(lambda: room.printed() == b"ready\n")
    script = room.wait_for(lambda: room.state()["processes"])[0]["pid"]
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(60) == 0
    assert room.service.finish["outcome"] == "canceled"
    assert room.service.finish["error"] is None
    assert not alive(script)
    assert not alive(int((room.work / "outputs" / "pid").read_text()))
    assert "outputs/pid" in room.service.files


HIDING = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        text = '''
import os, signal, time
signal.signal(signal.SIGTERM, signal.%s)
open('outputs/pid', 'w').write(str(os.getpid()))
os.chdir('/')
os.closerange(0, 99)
time.sleep(600)
'''
        os.execve(sys.executable, [sys.executable, '-S', '-c', text], {})
    os._exit(0)
while not os.path.exists('outputs/pid') or not open('outputs/pid').read():
    time.sleep(0.01)
print('ready', flush=True)
"""


@pytest.mark.parametrize("end", ["by itself", "by cancel", "by its agent's death"])
def test_a_daemon_without_an_environment_is_ended(room, alive, end):
    """Two forks, a session, an empty environment, no files: it ends with the run, however."""
    # What heeds no SIGTERM takes the whole grace: once, and above where a run is canceled.
    hiding = HIDING % ("SIG_IGN" if end == "by its agent's death" else "SIG_DFL")
    room.write_job(hiding + ("" if end == "by itself" else "time.sleep(600)"))
    agent = room.start()
    room.wait_for(lambda: room.printed() == b"ready\n")
    if end == "by cancel":
        agent.send_signal(signal.SIGTERM)
    elif end != "by itself":
        agent.kill()
        agent.wait()
        assert room.salvage() == 0
    agent.wait(60)
    assert not alive(int((room.work / "outputs" / "pid").read_text()))
    assert room.service.finish["outcome"] in ("completed", "canceled", "failed")


def test_the_service_can_cancel_by_its_answer(room):
    """An agent that no signal reaches is canceled by the answer to a beat."""
    room.service.cancel = True
    room.write_job("import time; time.sleep(600)")
    assert room.start().wait(60) == 0
    assert room.service.finish["outcome"] == "canceled"


def test_the_time_limit_ends_a_script(room):
    """max_run_duration_seconds fails the run and says so."""
    finish = room.run("import time; print('on'); time.sleep(600)", limit=1)
    assert finish["outcome"] == "failed"
    assert "longer than its limit of 1 seconds" in finish["error"]["message"]


def test_the_limit_of_the_site_ends_a_script(room):
    """Where it strikes first it is told, and another attempt may go on where this one was."""
    script = "import time; print('on'); time.sleep(600)"
    site = {"limit_seconds": 1.5, "limit_of": "the time limit of 2 h in partition 'gpu'"}
    finish = room.run(script, limit=500, **site)
    message = "the time limit of 2 h in partition 'gpu' ended it; ask for more time there"
    assert finish["error"]["message"].startswith(message)
    assert finish["cause"] == ""
    assert finish["error"]["log_tail"] == "on"


def test_files_are_copies_with_their_bits(room):
    """A script may change its own files: the stored content stays, executables are executable."""
    tool = room.store("bin/tool.sh", b"#!/bin/sh\necho tool\n", executable=True)
    finish = room.run(
        "import subprocess; open('train.py', 'a').write('#')\n"
        "subprocess.check_call(['bin/tool.sh'])",
        files=[tool],
    )
    assert finish["outcome"] == "completed"
    assert room.service.driver_log == b"tool\n"
    stored = [path for path in room.blobs.rglob("*") if path.is_file()]
    for path in stored:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert digest == path.parent.name + path.name


def test_files_are_fetched_where_they_are_not(room):
    """Without the blob folder the snapshot comes over HTTP, in any size."""
    big = os.urandom(3 << 20)
    entry = room.store("data.bin", big)
    script = "import hashlib; print(hashlib.sha256(open('data.bin', 'rb').read()).hexdigest())"
    room.service.blobs.update({entry.digest: big})
    train = room.store("train.py", script.encode())
    room.service.blobs[train.digest] = script.encode()
    finish = room.run(script, files=[entry], blobs="")
    assert finish["outcome"] == "completed"
    assert room.service.driver_log.decode().strip() == entry.digest
    assert room.service.states[0] == "preparing"


def test_a_damaged_file_is_refused(room):
    """Bytes that do not match their digest never run."""
    script = "print('real')"
    entry = room.store("train.py", script.encode())
    room.service.blobs[entry.digest] = b"print('evil')"
    finish = room.run(script, blobs="")
    assert finish["error"]["code"] == "ServiceError"
    assert "damaged" in finish["error"]["message"]
    assert room.printed() == b""


@pytest.mark.parametrize("path", ["../evil", "/tmp/evil", "a/../../evil", "a\\evil", "a//b", "x\0"])
def test_paths_outside_are_refused(room, path):
    """A snapshot cannot write outside the working folder."""
    finish = room.run("print('ran')", files=[room.store(path, b"evil")])
    assert finish["outcome"] == "failed"
    assert "no path below the working folder" in finish["error"]["message"]
    assert room.printed() == b""


def test_logs_are_followed_while_the_script_runs(room):
    """What is printed, and what grows in ./logs, is there before the end; at the end all is."""
    script = (
        "import os, time\nprint('epoch 1')\nos.makedirs('logs/tb')\n"
        "open('logs/tb/events', 'wb').write(b'\\0\\1')\nopen('logs/.hidden', 'w').write('x')\n"
        "while not os.path.exists('stop'): time.sleep(0.01)\nprint('epoch 2')"
    )
    room.write_job(script)
    agent = room.start()
    room.wait_for(lambda: room.service.driver_log == b"epoch 1\n")
    room.wait_for(lambda: room.service.logs.get("logs/tb/events") == b"\0\1")
    (room.work / "stop").write_text("")
    assert agent.wait(60) == 0
    assert room.service.driver_log == b"epoch 1\nepoch 2\n"
    assert room.service.logs["logs/.hidden"] == b"x"


@pytest.mark.parametrize("script", ["train.py", "not_there.py"])
def test_a_job_that_prints_nothing_has_an_empty_log(room, script):
    """Tools that fetch the driver log of each run find one, also when nothing could start."""
    room.run("open('logs/quiet.txt', 'w')", script_name=script)
    assert room.service.logs.pop("azureml-logs/70_driver_log.txt") == b""
    assert room.service.logs == ({"logs/quiet.txt": b""} if script == "train.py" else {})


SPOOLS = """
import os, signal
line = b'{"n":"loss","k":"scalar","v":%d,"s":null,"t":1}\\n'
os.makedirs(os.environ['RUNYARD_SPOOL'], exist_ok=True)
spool = open(os.environ['RUNYARD_SPOOL'] + '/1-cafecafe.jsonl', 'ab', buffering=0)
for i in range(5000):
    spool.write(line % i)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_metrics_of_a_killed_script_are_complete(room):
    """Every line that was logged before kill -9 arrives, once and in order."""
    finish = room.run(SPOOLS)
    assert finish["signal"] == "SIGKILL"
    values = [line["v"] for line in room.service.lines["1-cafecafe"]]
    assert values == list(range(5000))


def test_a_second_agent_in_the_folder_gives_way(room):
    """Two agents never run one job: the second leaves at once, the first goes on."""
    room.write_job("import os, time\nwhile not os.path.exists('stop'): time.sleep(0.01)")
    first = room.start()
    room.wait_for(lambda: room.work.exists() and room.service.beats)
    assert room.start().wait(60) == 3
    (room.work / "stop").write_text("")
    assert first.wait(60) == 0
    assert room.service.finish["outcome"] == "completed"


def test_an_agent_may_be_started_without_any_stream(room):
    """Whoever starts agents may have closed input and output before."""
    room.write_job("print('ran')")
    command = [sys.executable, "-S", "-E", str(room.entry), "agent", str(room.run_folder)]
    closing = ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command]
    assert subprocess.run(closing, timeout=60, check=False).returncode == 0
    assert room.service.driver_log == b"ran\n"


def test_the_script_sees_nothing_of_the_agent(room):
    """Signals work as usual in the script, its input is empty, it leads a session of its own."""
    room.run(
        "import os, signal, sys\n"
        "print(sys.stdin.read() == '', os.getsid(0) == os.getpid(), os.getcwd())\n"
        "print([signal.getsignal(s) == signal.SIG_DFL for s in (signal.SIGTERM, signal.SIGHUP)])\n"
        "print(sorted(os.listdir('/proc/self/fd'))[:3], len(os.listdir('/proc/self/fd')))"
    )
    shown = room.service.driver_log.decode().splitlines()
    assert shown[0] == f"True True {room.work}"
    assert shown[1] == "[True, True]"
    assert shown[2] == "['0', '1', '2'] 4"


def test_a_file_that_cannot_be_kept_is_told_and_the_rest_is_kept(room):
    """A pipe, a link to nowhere or an empty folder in ./outputs harms no other file."""
    finish = room.run(
        "import os; os.mkfifo('outputs/pipe'); os.symlink('nowhere', 'outputs/link')\n"
        "open('outputs/good', 'w').write('x'); os.makedirs('outputs/empty')"
    )
    assert finish["outcome"] == "completed"
    assert list(room.service.files) == ["outputs/good"]
    (told,) = finish["warnings"]
    assert told == (
        "left out of the run's outputs: 'outputs/empty' (an empty folder); 'outputs/link' (a link "
        "to nothing); 'outputs/pipe' (a fifo)"
    )


def test_a_log_that_is_written_anew_is_kept_as_it_is_at_last(room):
    """`json.dump` of each epoch, by truncation and by renaming, slowly and at once."""
    room.run("""if True:
        import json, os, time
        for epoch in range(6):
            with open("logs/same.json", "w") as file:
                json.dump({"epoch": epoch, "loss": [1 / 3] * (6 - epoch)}, file)
            with open("logs/next.tmp", "w") as file:
                json.dump({"loss": [epoch] * epoch, "last": True}, file)
            os.replace("logs/next.tmp", "logs/next.json")
            if epoch % 2: time.sleep(0.3)
        os.truncate("logs/same.json", 0)
        os.remove("logs/next.json")
        open("logs/next.json", "w").write("{}")
        open("logs/empty", "w")
    """)
    logs = room.service.logs
    assert logs["logs/same.json"] == b""
    assert logs["logs/next.json"] == b"{}"
    assert logs["logs/empty"] == b""


def test_odd_names_in_outputs_and_logs_are_kept_apart(room):
    """Hidden and linked files, names that are no UTF-8 or have backslashes harm no run."""
    finish = room.run("""if True:
        import os
        for name in (b"x\\\\y", b"x_y", b"a\\xe9", b"a\\xe8", b".hidden", b"new\\nline"):
            open(b"outputs/" + name, "wb").write(name)
            open(b"logs/" + name, "wb").write(name)
        os.makedirs("outputs/ckpt-2")
        open("outputs/ckpt-2/w", "w").write("2")
        os.symlink("ckpt-2", "outputs/latest")
    """)
    assert finish["outcome"] == "completed"
    assert finish["warnings"] == []
    odd = {"x%5Cy", "x_y", "a%E9", "a%E8", ".hidden", "new%0Aline"}
    linked = {"ckpt-2/w", "latest/w"}
    assert set(room.service.files) == {f"outputs/{name}" for name in odd | linked}
    logs = {name: log for name, log in room.service.logs.items() if name.startswith("logs/")}
    assert set(logs) == {f"logs/{name}" for name in odd}
    assert logs["logs/x%5Cy"] == b"x\\y"


def test_a_snapshots_files_have_the_names_of_their_source(room):
    r"""A script that opens `caf\xe9.txt` or `x\y` finds it, though the wire cannot carry these."""
    files = [room.store(name, b"odd") for name in ("caf%E9.txt", "d%5Ce/100%", "my%20data")]
    room.run(
        "for n in (b'caf\\xe9.txt', b'd\\\\e/100%', b'my%20data'): print(open(n).read())",
        files=files,
    )
    assert room.service.driver_log == b"odd\n" * 3


@pytest.mark.parametrize("name", ["outputs", "logs"])
def test_a_source_file_where_a_job_has_a_folder_is_named(room, name):
    """Not "[Errno 21] Is a directory" alone."""
    finish = room.run("print(1)", files=[room.store(name, b"")])
    assert finish["outcome"] == "failed"
    assert f"the source folder has a file '{name}'" in finish["error"]["message"]


def test_outputs_deeper_than_the_stack_end_no_run(room):
    """1,500 folders are named; what lies beside them is kept."""
    finish = room.run(
        "import os; open('outputs/good', 'w').write('x'); os.chdir('outputs')\n"
        "for _ in range(1500): os.mkdir('d'); os.chdir('d')"
    )
    subprocess.run(["rm", "-rf", room.work / "outputs" / "d"], check=True)
    assert finish["outcome"] == "completed"
    assert list(room.service.files) == ["outputs/good"]
    assert "more than 256 folders deep" in finish["warnings"][0]


def test_a_file_that_the_service_refuses_takes_no_other_with_it(room):
    """One name that somebody else has taken does not make a good run fail."""
    room.service.taken = {"outputs/bad"}
    finish = room.run("[open('outputs/' + n, 'w').write(n) for n in ('a', 'bad', 'c')]")
    assert finish["outcome"] == "completed"
    assert set(room.service.files) == {"outputs/a", "outputs/c"}
    assert "'outputs/bad' (it is taken)" in finish["warnings"][0]


def test_the_agent_leaves_its_own_faults_in_the_error(room):
    """A job that the agent cannot understand fails with the trace instead of hanging."""
    job = room.write_job("pass")
    text = (room.run_folder / "job.json").read_text()
    (room.run_folder / "job.json").write_text(text.replace('"arguments":[]', '"arguments":7'))
    assert room.start().wait(60) == 0
    assert room.service.finish["error"]["code"] == "ServiceError"
    assert "the agent failed" in room.service.finish["error"]["message"]
    assert job.run == room.run_id


@pytest.mark.slow
def test_a_hundred_megabytes_of_output_arrive(room):
    """A very talkative script neither hangs nor loses a byte."""
    script = "import sys\nline = 'x' * 99 + '\\n'\nfor i in range(1048576): sys.stdout.write(line)"
    room.run(script)
    assert len(room.service.driver_log) == 104857600
    assert room.service.driver_log == room.printed()


def test_the_agent_needs_only_the_standard_library(room):
    """The agent runs isolated: no site packages, no PYTHON* variable of the user's."""
    room.write_job("print('ran')")
    poison = {**os.environ, "PYTHONPATH": "/nowhere", "PYTHONSTARTUP": "/nowhere"}
    agent = room.start(env=poison)
    assert agent.wait(60) == 0
    assert room.service.driver_log == b"ran\n"
    assert Path(sys.executable).exists()


def test_an_environment_that_is_missing_is_made(room, tmp_path, monkeypatch):
    """A node without the environment makes it from the lock, tells so, and keeps the log."""
    # With uv, which is beside this interpreter: pip takes seconds (tests/light).
    beside = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{beside}{os.pathsep}{os.environ['PATH']}")
    folder = tmp_path / "environments" / "abc"
    given = JobEnvironment(str(folder / "bin" / "python"), str(folder), lock="abc", python="3.11")
    finish = room.run("import sys; print(sys.prefix)", environment=given)
    assert finish["outcome"] == "completed", finish["error"]
    assert room.service.driver_log.decode().strip() == str(folder)
    assert room.service.states[0] == "preparing"
    assert any(name.startswith("azureml-logs/55_") for name in room.service.logs)
