"""A job whose agent was killed: what it left is ended, brought home and told."""

import json
import signal


def lose_the_agent(room, script):
    """Start a job, wait for its `ready`, and kill the agent with -9."""
    room.write_job(script)
    agent = room.start()
    room.wait_for(lambda: b"ready" in room.printed())
    process = room.wait_for(lambda: room.state()["processes"])[0]["pid"]
    agent.send_signal(signal.SIGKILL)
    agent.wait()
    return process


LONG = "import time; open('outputs/x', 'w').write('x'); print('ready'); time.sleep(600)"


def test_a_lost_agent_fails_its_run_with_everything_kept(room, alive):
    """The script is ended, log and outputs arrive, and the run fails for the given reason."""
    script = lose_the_agent(room, LONG)
    assert alive(script)
    assert room.salvage("the agent was killed by SIGKILL") == 0
    assert not alive(script)
    finish = room.service.finish
    assert finish["outcome"] == "failed"
    assert finish["error"]["code"] == "ServiceError"
    assert finish["error"]["message"] == "the agent was killed by SIGKILL"
    assert finish["error"]["log_tail"] == "ready"
    assert room.service.driver_log == b"ready\n"
    assert "outputs/x" in room.service.files


def test_a_script_goes_on_without_its_agent(room, alive):
    """Killing the agent does not disturb the script, whose log grows on."""
    script = lose_the_agent(
        room,
        "import os, time; print('ready')\nwhile not os.path.exists('go'): time.sleep(0.01)\n"
        "print('still here'); time.sleep(600)",
    )
    (room.work / "go").write_text("")
    room.wait_for(lambda: b"still here" in room.printed())
    assert alive(script)
    assert room.salvage() == 0
    assert room.service.driver_log == b"ready\nstill here\n"


def test_salvage_finds_processes_by_their_environment(room, alive):
    """Also when nothing was written down about them (a full disk, a kill at the wrong moment)."""
    script = lose_the_agent(room, LONG)
    (room.run_folder / "agent.json").unlink()
    assert room.salvage() == 0
    assert not alive(script)


def test_salvage_twice_says_it_once(room):
    """A second salvage finds all done and adds nothing."""
    lose_the_agent(room, LONG)
    assert room.salvage() == 0
    assert room.salvage("another reason") == 0
    assert room.service.finish["error"]["message"] == "the agent was lost"


def test_a_killed_salvage_is_taken_up(room):
    """Salvage survives its own kill -9: the next one delivers with the first one's reason."""
    lose_the_agent(room, LONG)
    room.service.stop()
    first = room.start("salvage", "--reason", "first")
    room.wait_for((room.run_folder / "outcome.json").exists)
    first.kill()
    first.wait()
    room.service.start()
    assert room.salvage("second") == 0
    assert room.service.finish["error"]["message"] == "first"
    assert room.service.driver_log == b"ready\n"


def test_an_outcome_that_was_reached_is_delivered(room):
    """An agent that died while it delivered had its outcome on disk: that one counts."""
    room.service.refuse = lambda _method, path: (503, "temporary") if "/files" in path else None
    room.write_job("open('outputs/x', 'w').write('x'); print('fine')")
    agent = room.start()
    room.wait_for((room.run_folder / "outcome.json").exists)
    agent.kill()
    agent.wait()
    room.service.refuse = lambda _method, _path: None
    assert room.salvage() == 0
    assert room.service.finish["outcome"] == "completed"
    assert room.service.finish["exit_code"] == 0
    assert "outputs/x" in room.service.files


def test_salvage_sends_nothing_twice(room):
    """What the lost agent had sent is not appended again."""
    room.write_job("import time; print('y' * 100000); time.sleep(600)")
    agent = room.start()
    room.wait_for(lambda: len(room.service.driver_log) == 100001)
    agent.kill()
    agent.wait()
    assert room.salvage() == 0
    assert room.service.driver_log == room.printed()


def test_a_script_never_runs_twice_in_one_attempt(room, alive):
    """An agent that is started again on a job that was begun cleans up instead."""
    script = lose_the_agent(room, LONG)
    assert room.start().wait(60) == 0
    assert not alive(script)
    assert room.service.finish["error"]["message"] == "the agent was started a second time"
    assert room.service.driver_log == b"ready\n"


def test_a_new_attempt_begins_anew(room):
    """What an earlier attempt left in the folder does not count as this one's."""
    lose_the_agent(room, LONG)
    room.service.stop()
    salvage = room.start("salvage", "--reason", "first attempt")
    room.wait_for((room.run_folder / "outcome.json").exists)
    salvage.kill()
    salvage.wait()
    room.service.start()
    finish = room.run("import os; print(os.listdir('outputs'))", attempt=2)
    assert finish["outcome"] == "completed"
    assert room.printed().endswith(b"[]\n")


def test_a_living_agent_is_left_alone(room):
    """A salvage that was started by mistake does not touch a job whose agent lives."""
    room.write_job("import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)")
    agent = room.start()
    room.wait_for(lambda: room.service.beats)
    salvage = room.start("salvage", "--reason", "mistake")
    assert salvage.wait(60) == 3
    (room.work / "go").write_text("")
    assert agent.wait(60) == 0
    assert room.service.finish["outcome"] == "completed"


def test_a_job_that_never_began_is_salvaged(room):
    """An agent that died before its first line leaves a job.json and nothing else."""
    room.write_job("pass")
    assert room.salvage("the agent could not start") == 0
    assert room.service.finish["error"]["message"] == "the agent could not start"
    assert json.loads((room.run_folder / "agent.json").read_text())["phase"] == "done"
