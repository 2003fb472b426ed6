"""When system metrics are sampled: from a job's second second on, if at all."""

from typing import Any


def told(room: Any) -> list[dict[str, Any]]:
    return [line for lines in room.service.lines.values() for line in lines]


def test_a_job_of_one_process_is_sampled(room: Any) -> None:
    """From its second second on, though nothing else wakes its agent then."""
    room.run("import time; time.sleep(1.3)")
    lines = told(room)
    assert {"system/0/job/cpu", "system/0/job/memory", "system/0/node/memory"} <= {
        line["n"] for line in lines
    }
    assert not any(line["n"].startswith("system/0/rank") for line in lines)
    used = [line["v"] for line in lines if line["n"] == "system/0/job/memory"]
    assert used[0] > 1 << 20


def test_a_short_job_sends_nothing(room: Any) -> None:
    """Its start and its end cost what they did."""
    room.run("pass")
    assert room.service.lines == {}


def test_a_job_whose_sampling_is_off_sends_nothing(room: Any) -> None:
    """Whoever switches it off pays nothing for it, however long the job is."""
    room.run("import time; time.sleep(1.3)", variables={"RUNYARD_SYSTEM_METRICS": "0"})
    assert room.service.lines == {}
