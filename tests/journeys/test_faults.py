"""Whatever is killed, what was acknowledged stays and the run ends with its reason."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TRAIN = """
import time, os
from azureml.core import Run
run = Run.get_context()
os.makedirs("outputs", exist_ok=True)
for step in range(30):
    run.log("loss", 1.0 / (step + 1))
    print("step", step)
    time.sleep(0.1)
open("outputs/done.txt", "w").write("yes")
"""


def _running(yard, run):
    yard.until(lambda: run.get_status() == "Running", "the run does not start")
    return yard.until(lambda: yard.run_processes(run.id), "no process of the run")


def _agent(yard, run):
    import json

    try:
        state = json.loads((yard.home / "runs" / run.id / "agent.json").read_text())
    except FileNotFoundError:
        return 0
    return int(state["pid"])


def _losses(run):
    losses = run.get_metrics().get("loss", [])
    return losses if isinstance(losses, list) else [losses]


def test_the_service_is_killed_while_a_run_trains(yard):
    """A run goes on without the service, and nothing of it is missing afterwards."""
    run = yard.submit(TRAIN)
    yard.until(lambda: len(_losses(run)) > 3, "no metrics")
    yard.kill_service()
    time.sleep(1)
    details = run.wait_for_completion()
    assert details["status"] == "Completed"
    assert len(run.get_metrics()["loss"]) == 30
    run.download_file("azureml-logs/70_driver_log.txt", "log.txt")
    lines = [line for line in Path("log.txt").read_text().splitlines() if line.startswith("step")]
    assert lines == [f"step {n}" for n in range(30)]
    assert "outputs/done.txt" in run.get_file_names()


def test_the_agent_is_killed(guest):
    """A run whose agent is killed fails and says so; its log and metrics are kept."""
    run = guest.submit(TRAIN.replace("range(30)", "range(6000)"))
    _running(guest, run)
    guest.until(lambda: len(_losses(run)) > 3, "no metrics")
    os.kill(_agent(guest, run), signal.SIGKILL)
    details = run.wait_for_completion(raise_on_error=False)
    assert details["status"] == "Failed"
    assert "agent" in str(details["error"])
    assert len(run.get_metrics()["loss"]) > 3
    assert "azureml-logs/70_driver_log.txt" in run.get_file_names()
    guest.until(lambda: not guest.run_processes(run.id), "processes are left over")


def _command_line(pid):
    """The command line of a living process; a zombie has none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 99)
        write = 'import os; open("pid", "w").write(str(os.getpid())); os.chdir("/")'
        write += '; import time; time.sleep(600)'
        os.execve(sys.executable, [sys.executable, '-c', write], {})
    os._exit(0)
while not os.path.exists('pid') or not open('pid').read():
    time.sleep(0.01)
print(open('pid').read(), flush=True)
time.sleep(600)
"""


def test_a_daemon_outlives_neither_run_nor_agent(guest):
    """What has left session, environment and parents behind is ended, the agent's end included."""
    run = guest.submit(DAEMON)
    pid_file = guest.home / "runs" / run.id / "work" / "pid"
    guest.until(lambda: pid_file.exists() and pid_file.read_text(), "no daemon")
    pid = int(pid_file.read_text())
    os.kill(_agent(guest, run), signal.SIGKILL)
    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"
    guest.until(lambda: not _command_line(pid), "the daemon is left over")


def test_the_agent_and_who_saves_what_it_left_are_killed(guest):
    """Another one goes on where the last was killed: all is kept, and the run's folder goes."""
    run = guest.submit(TRAIN + "\ntime.sleep(60)\n")
    _running(guest, run)
    guest.until(lambda: len(_losses(run)) > 3, "no metrics")
    folder = guest.home / "runs" / run.id
    (folder / "work" / "outputs" / "half.txt").write_text("half")
    last = _agent(guest, run)
    os.kill(last, signal.SIGKILL)
    for _ in range(2):
        guest.until(lambda last=last: _agent(guest, run) not in (0, last), "no salvage begins")
        last = _agent(guest, run)
        os.kill(last, signal.SIGKILL)
    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"
    assert len(run.get_metrics()["loss"]) > 3
    assert "outputs/half.txt" in run.get_file_names()
    guest.until(lambda: not folder.exists(), "the run's folder is left")
    assert guest.run_processes(run.id) == []


def test_jobs_have_the_umask_of_who_started_the_service(yard):
    """What the service keeps is closed to others; what a job writes is as its owner has it."""
    from azureml.core import Workspace

    before = os.umask(0o027)
    try:
        Workspace.from_config()
        run = yard.submit("import os; old = os.umask(0); print('umask', oct(old))")
        assert run.wait_for_completion()["status"] == "Completed"
    finally:
        os.umask(before)
    run.download_file("azureml-logs/70_driver_log.txt", "log.txt")
    assert "umask 0o27" in Path("log.txt").read_text()


def test_the_client_is_killed_while_it_waits(guest):
    """A client that dies changes nothing, and a new one attaches to the run."""
    source = guest.script(TRAIN)
    client = guest.client(
        "import sys\n"
        "from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace\n"
        "e = Environment('plain'); e.python.user_managed_dependencies = True\n"
        "e.python.interpreter_path = sys.executable\n"
        f"c = ScriptRunConfig({source!r}, 'train.py', compute_target='local', environment=e)\n"
        "run = Experiment(Workspace.from_config(), 'journey').submit(c)\n"
        "print(run.id, flush=True)\n"
        "run.wait_for_completion(show_output=True)\n"
    )
    assert client.stdout is not None
    run_id = client.stdout.readline().strip()
    for line in client.stdout:
        if line.startswith("step 5"):
            break
    client.kill()
    client.wait()
    client.stdout.close()
    from azureml.core import Run, Workspace

    run = Run.get(Workspace.from_config(), run_id)
    assert run.get_status() in ("Running", "Finalizing", "Completed")
    assert run.wait_for_completion()["status"] == "Completed"
    assert len(run.get_metrics()["loss"]) == 30


def test_the_training_process_is_killed(guest):
    """A killed training process is a failure that names the signal; what it left is kept."""
    run = guest.submit(
        "import os, signal\n"
        "os.makedirs('outputs', exist_ok=True)\n"
        "open('outputs/half.txt', 'w').write('half')\n"
        "print('before', flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    details = run.wait_for_completion(raise_on_error=False)
    assert details["status"] == "Failed"
    assert "SIGKILL" in str(details["error"])
    assert "outputs/half.txt" in run.get_file_names()
    run.download_file("azureml-logs/70_driver_log.txt", "log.txt")
    assert "before" in Path("log.txt").read_text()


GRANDCHILDREN = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("ready", flush=True)
time.sleep(600)
"""


def test_cancel_while_running_ends_every_process(guest):
    """After a cancel no process of the run is left, also none that changed its session."""
    run = guest.submit(GRANDCHILDREN)
    _running(guest, run)
    guest.until(lambda: len(guest.run_processes(run.id)) >= 2, "the grandchild does not start")
    run.cancel()
    assert run.wait_for_completion()["status"] == "Canceled"
    guest.until(lambda: not guest.run_processes(run.id), "processes are left over")


def test_cancel_while_queued(guest):
    """A run that waits for nodes is canceled at once and never starts."""
    from azureml.core.compute import AmlCompute, ComputeTarget

    config = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=1)
    ComputeTarget.create(guest.workspace, "one", config)
    first = guest.submit("import time; time.sleep(600)", target="one")
    _running(guest, first)
    second = guest.submit("print('never')", target="one")
    guest.until(lambda: second.get_status() == "Queued", "the second run does not queue")
    second.cancel()
    assert second.wait_for_completion()["status"] == "Canceled"
    assert "azureml-logs/70_driver_log.txt" not in second.get_file_names()
    first.cancel()
    assert first.wait_for_completion()["status"] == "Canceled"


def test_cancel_while_preparing(guest):
    """A run whose environment is being made is canceled, and the build does not go on for it."""
    from azureml.core import Environment
    from azureml.core.conda_dependencies import CondaDependencies

    environment = Environment("big")
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["numpy==2.2.6", "pandas==2.2.3", "scipy==1.15.3", "scikit-learn==1.6.1"],
        python_version="3.11",
    )
    run = guest.submit("print('never')", environment=environment)
    guest.until(lambda: run.get_status() == "Preparing", "the run does not prepare")
    run.cancel()
    assert run.wait_for_completion()["status"] == "Canceled"
    assert "azureml-logs/70_driver_log.txt" not in run.get_file_names()


def test_two_clients_start_the_service_at_once(yard):
    """Two clients that find no service end with the same one."""
    code = (
        "from azureml.core import Workspace\n"
        "from runyard.client.discovery import connect\n"
        "from runyard.protocol.routes import SERVICE_STATUS\n"
        "Workspace.from_config()\n"
        "print(connect().call(SERVICE_STATUS).pid)\n"
    )
    clients = [yard.client(code) for _ in range(4)]
    answers = [client.communicate(timeout=120)[0].strip() for client in clients]
    assert len(set(answers)) == 1
    assert answers[0].isdigit(), answers


@pytest.mark.slow
def test_a_script_that_prints_100_mb(guest):
    """A long log arrives whole."""
    run = guest.submit(
        "line = 'x' * 999\nfor n in range(100_000):\n    print(line)\nprint('the end')\n"
    )
    assert run.wait_for_completion()["status"] == "Completed"
    run.download_file("azureml-logs/70_driver_log.txt", "log.txt")
    assert Path("log.txt").stat().st_size == 100_000_000 + len("the end\n")


def test_a_script_that_closes_stdout(guest):
    """Closing stdout harms nobody; what was printed before and the outputs are kept."""
    run = guest.submit(
        "import os, sys\n"
        "print('hello', flush=True)\n"
        "sys.stdout.close(); os.close(1); os.close(2)\n"
        "open('outputs/late.txt', 'w').write('late')\n"
    )
    assert run.wait_for_completion()["status"] == "Completed"
    assert "outputs/late.txt" in run.get_file_names()
    run.download_file("azureml-logs/70_driver_log.txt", "log.txt")
    assert "hello" in Path("log.txt").read_text()


def test_a_script_that_forks_and_leaves_a_child(guest):
    """A run ends with its script; a child that it left behind is ended too."""
    run = guest.submit(
        "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(600)\nprint('gone')\n"
    )
    assert run.wait_for_completion()["status"] == "Completed"
    guest.until(lambda: not guest.run_processes(run.id), "the child is left over")


def test_a_script_that_prints_bytes_that_are_not_text(guest):
    """Bytes that are not UTF-8 are stored as they are and shown as far as they can be."""
    run = guest.submit("import os\nos.write(1, b'caf\\xe9 \\xff\\xfe end\\n')\n")
    client = guest.client(
        "from azureml.core import Run, Workspace\n"
        f"Run.get(Workspace.from_config(), {run.id!r}).wait_for_completion(show_output=True)\n"
    )
    shown = client.communicate(timeout=120)[0]
    assert "end" in shown
    assert client.returncode == 0, shown
    run.download_file("azureml-logs/70_driver_log.txt", "log.txt")
    assert Path("log.txt").read_bytes() == b"caf\xe9 \xff\xfe end\n"


def test_a_full_disk_is_told(yard, monkeypatch, tmp_path):
    """With no space left a submit is refused with the reason, and works once there is space."""
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(small)], check=True)
    try:
        monkeypatch.setenv("RUNYARD_HOME", str(small / "home"))
        yard.home = small / "home"
        first = yard.submit("print('fits')")
        assert first.wait_for_completion()["status"] == "Completed"
        filler = small / "filler"
        with pytest.raises(Exception, match="space"):
            _fill(filler)
            yard.submit("print('does not fit')" + "#" * 3_000_000)
        filler.unlink()
        second = yard.submit("print('fits again')")
        assert second.wait_for_completion()["status"] == "Completed"
    finally:
        os.kill(yard.service_pid, signal.SIGKILL)
        time.sleep(0.5)
        subprocess.run(["umount", "-l", str(small)], check=True)


def _fill(path: Path) -> None:
    try:
        with path.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 65536)
    except OSError:
        return


def test_python_is_the_interpreter_asked_for(guest):
    """A user-managed environment runs under exactly the interpreter that was named."""
    run = guest.submit("import sys; print(sys.executable)")
    run.wait_for_completion()
    run.download_file("azureml-logs/70_driver_log.txt", "log.txt")
    assert Path("log.txt").read_text().strip() == sys.executable
