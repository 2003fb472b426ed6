"""The protocol's records are frozen dataclasses, whichever of their methods is called first."""

import copy
import dataclasses
import pickle
import threading
from typing import Any, Dict, List, Optional

import pytest

from runyard.protocol.data import DataReference
from runyard.protocol.records import dataclass
from runyard.protocol.runs import RunError


def make(decorate: Any) -> Any:
    """Make a class of records that nobody has used yet."""

    class Point:
        """A point."""

        x: int
        name: Optional[str] = None
        tags: Dict[str, str] = dataclasses.field(default_factory=dict)
        parts: List[int] = dataclasses.field(default_factory=list)

        @property
        def double(self) -> int:
            """Twice x."""
            return 2 * self.x

    return decorate(frozen=True)(Point)


FIRST_USES = {
    "made": lambda kind: kind(1, name="n").name,
    "defaults": lambda kind: (kind(1).tags, kind(1).parts, kind(1).tags is kind(1).tags),
    "equal": lambda kind: (
        kind(1) == kind(1),
        kind(1) == kind(2),
        kind(1) == 1,
        kind(1) != kind(1),
    ),
    "shown": lambda kind: repr(kind(1, tags={"a": "b"})),
    "replaced": lambda kind: dataclasses.replace(kind(1), name="m").name,
    "plain": lambda kind: dataclasses.asdict(kind(1)),
    "fields": lambda kind: [(f.name, f.default) for f in dataclasses.fields(kind)][:2],
    "property": lambda kind: kind(4).double,
    "copied": lambda kind: copy.deepcopy(kind(1, parts=[1])).parts,
    "told": dataclasses.is_dataclass,
}


@pytest.mark.parametrize("use", FIRST_USES.values(), ids=list(FIRST_USES))
def test_a_record_is_what_a_frozen_dataclass_is(use) -> None:
    """Code that handles records cannot tell them from the standard library's."""
    assert use(make(dataclass)) == use(make(dataclasses.dataclass))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda kind: kind(),
        lambda kind: kind(1, colour="red"),
        lambda kind: setattr(kind(1), "x", 2),
        lambda kind: setattr(kind(1), "new", 2),
        lambda kind: delattr(kind(1), "x"),
        lambda kind: hash(kind(1)),
    ],
)
def test_what_a_frozen_dataclass_refuses_a_record_refuses(wrong) -> None:
    """A record never changes once it is made."""
    with pytest.raises((TypeError, AttributeError)) as expected:
        wrong(make(dataclasses.dataclass))
    with pytest.raises(expected.type) as caught:
        wrong(make(dataclass))
    assert str(caught.value) == str(expected.value)


def test_records_of_the_protocol_are_hashed_and_pickled() -> None:
    """Records go through queues and into sets."""
    error = RunError("UserError", "text")
    assert {error: 1}[RunError("UserError", "text")] == 1
    assert pickle.loads(pickle.dumps(error)) == error
    assert DataReference("a", "b") != error


def test_the_first_use_may_come_from_many_threads_at_once() -> None:
    """A service's threads decode the first records of their kind together."""
    for _ in range(50):
        kind, failures = make(dataclass), []
        start = threading.Barrier(8)

        def use(kind=kind, start=start, failures=failures) -> None:
            start.wait()
            try:
                assert kind(1) == kind(1)
            except Exception as error:  # noqa: BLE001 - whatever it is
                failures.append(error)

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
