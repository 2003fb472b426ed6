"""The service is away, moves, refuses: the job goes on and everything arrives."""

import os
import shutil
import signal


def test_an_outage_in_the_middle_loses_nothing(room):
    """The service stops while the script prints and listens elsewhere later: all is there."""
    room.write_job(
        "import os, time\nprint('one')\n"
        "while not os.path.exists('two'): time.sleep(0.01)\nprint('two')\n"
        "while not os.path.exists('three'): time.sleep(0.01)\nprint('three')"
    )
    agent = room.start()
    room.wait_for(lambda: room.service.driver_log == b"one\n")
    old = room.service.url
    room.service.stop()
    (room.work / "two").write_text("")
    room.wait_for(lambda: room.printed() == b"one\ntwo\n")
    room.service.start()
    assert room.service.url != old
    room.wait_for(lambda: room.service.driver_log == b"one\ntwo\n")
    (room.work / "three").write_text("")
    assert agent.wait(60) == 0
    assert room.service.driver_log == b"one\ntwo\nthree\n"
    assert room.service.finish["outcome"] == "completed"


def test_a_service_that_was_down_all_the_time_gets_all(room):
    """A script that begins and ends without the service is delivered when it comes back."""
    room.write_job("print('alone'); open('outputs/x', 'w').write('x')")
    room.service.stop()
    agent = room.start()
    room.wait_for((room.run_folder / "outcome.json").exists)
    assert agent.poll() is None
    room.service.start()
    assert agent.wait(60) == 0
    assert room.service.driver_log == b"alone\n"
    assert room.service.finish["outcome"] == "completed"


def test_another_service_at_the_old_port_is_not_believed(room):
    """Somebody else answers "who are you?" for a while: the agent waits for the real one."""
    answers = iter([(401, "unauthenticated")] * 6)
    room.service.refuse = lambda _method, _path: next(answers, None)
    assert room.run("print('x')")["outcome"] == "completed"
    assert room.service.driver_log == b"x\n"


def test_a_run_that_is_gone_lets_the_agent_go(room):
    """A run that was deleted, or ended by hand, does not keep its agent for ever."""
    room.service.refuse = lambda _method, _path: (404, "run_not_found")
    room.write_job("print('x')")
    assert room.start().wait(60) == 0
    assert room.service.finishes == []


def test_a_run_that_is_removed_ends_its_script(room, alive):
    """Removing the run's folder while the service is away leaves nothing running for ever."""
    room.write_job("import time; time.sleep(600)")
    agent = room.start()
    room.wait_for(lambda: room.service.beats)
    script = room.wait_for(lambda: room.state()["processes"])[0]["pid"]
    room.service.stop()
    shutil.rmtree(room.run_folder)
    assert agent.wait(60) == 0
    assert not alive(script)


def test_outputs_that_find_no_room_fail_the_run(room):
    """A service whose disk is full makes the run fail and says where the outputs are."""
    room.service.refuse = lambda method, path: (
        (507, "storage_full") if method == "POST" and path.endswith("/blobs/write") else None
    )
    finish = room.run("open('outputs/x', 'w').write('x')")
    assert finish["outcome"] == "failed"
    assert finish["error"]["code"] == "ServiceError"
    assert str(room.work / "outputs") in finish["error"]["message"]


def test_a_cancel_during_an_outage_is_delivered_later(room):
    """SIGTERM works without the service; the outcome waits for it."""
    room.write_job("import time; print('on'); time.sleep(600)")
    agent = room.start()
    room.wait_for(lambda: room.printed() == b"on\n")
    room.service.stop()
    os.kill(agent.pid, signal.SIGTERM)
    room.wait_for((room.run_folder / "outcome.json").exists)
    room.service.start()
    assert agent.wait(60) == 0
    assert room.service.finish["outcome"] == "canceled"
