"""What other nodes make necessary is heard at once, without asking all the time."""

import threading
from typing import Any

import pytest

from runyard.protocol import codec
from runyard.protocol.errors import NotFound, ServiceUnreachable
from runyard.runtime import listener
from runyard.runtime.job import Job

QUIET = {"cancel": False, "stop": False, "others": True, "reason": ""}
STOP = {**QUIET, "stop": True, "reason": "worker 1 failed"}
ALONE = {**STOP, "others": False}


class Answers:
    """Stands for the service: gives one answer after the other, then nothing more."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.known: list[dict[str, bool]] = []
        self.done = threading.Event()

    def orders(self, known: dict[str, bool], wait: float) -> dict[str, Any]:
        assert wait == listener.ORDERS_WAIT_SECONDS
        self.known.append(dict(known))
        if not self.answers:
            self.done.set()
            raise NotFound("the run was removed")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


@pytest.fixture
def listen(room: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Listen to answers until there are none; give what was heard."""

    def listen(service: Answers) -> list[dict[str, Any]]:
        heard: list[dict[str, Any]] = []
        monkeypatch.setattr(listener, "JobService", lambda _job: service)
        monkeypatch.setattr(listener, "RETRY_SECONDS", 0.01)
        listener.Listener(Job(codec.to_plain(room.write_job("pass"))), heard.append)
        assert service.done.wait(60)
        return heard

    return listen


def test_only_news_is_heard(listen: Any) -> None:
    """Each answer is asked for with what is known, and told once."""
    service = Answers(QUIET, STOP, STOP, ALONE)
    assert listen(service) == [STOP, ALONE]
    assert service.known[0] == {"stop": False, "others": True}
    assert service.known[2] == {"stop": True, "others": True}
    assert service.known[-1] == {"stop": True, "others": False}


def test_a_service_that_is_away_is_asked_again(listen: Any) -> None:
    """A restart of the service loses no order."""
    assert listen(Answers(ServiceUnreachable("away"), OSError("away"), STOP)) == [STOP]


def test_a_service_without_such_a_question_is_left_alone(listen: Any) -> None:
    """The beats tell the same, only later."""
    service = Answers()
    assert listen(service) == []
    assert len(service.known) == 1
