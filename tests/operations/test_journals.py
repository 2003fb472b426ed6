"""Journals: numbered by the service, appended to without doubles, read from any number on."""

import json
from typing import Any

import pytest

from runyard.protocol.errors import Conflict, InvalidRequest, NotFound, WrongName
from runyard.protocol.journals import (
    LONGEST_ENTRY,
    MOST_ENTRIES,
    AppendEntries,
    EntriesAppended,
    EntryPage,
    EntryQuery,
    JournalQuery,
)
from runyard_server.core.system import System
from runyard_server.operations import journals
from runyard_server.store import journals as rows

W, J = "default", "optuna"


def entry(number: int) -> str:
    return json.dumps({"op_code": 4, "number": number})


def append(
    system: System, client: str, sequence: int, *numbers: int, **more: Any
) -> EntriesAppended:
    entries = [entry(number) for number in numbers]
    return journals.append(system, W, J, AppendEntries(client, sequence, entries, **more))


def read(system: System, first: int = 0, **more: Any) -> EntryPage:
    return journals.read(system, W, J, EntryQuery(first, **more))


def numbers(texts: list[str]) -> list[int]:
    return [json.loads(text)["number"] for text in texts]


def test_entries_are_numbered_in_the_order_of_their_coming(system: System) -> None:
    """Everybody who replays a journal reads the same entries in the same order."""
    assert append(system, "a", 1, 10, 11).first == 0
    assert append(system, "b", 1, 20).first == 2
    page = read(system)
    assert (numbers(page.entries), page.total) == ([10, 11, 20], 3)
    assert numbers(read(system, 1, limit=1).entries) == [11]
    assert read(system, 7).entries == []


def test_an_append_tells_what_came_between(system: System) -> None:
    """A client that is up to date needs one request for an operation, not two."""
    append(system, "a", 1, 10)
    append(system, "b", 1, 20, 21)
    answer = append(system, "a", 2, 11, known=1)
    assert (answer.first, numbers(answer.between)) == (3, [20, 21])
    assert append(system, "a", 3, 12, known=4).between == []


def test_what_is_too_much_to_tell_by_the_way_is_left_to_reading(system: System) -> None:
    """The answer to an append stays small, however far behind its client is."""
    append(system, "a", 1, *range(journals.BETWEEN + 1))
    assert append(system, "b", 1, 0).between == []
    assert len(append(system, "b", 2, 0, known=2).between) == journals.BETWEEN


def test_a_repeat_appends_nothing(system: System) -> None:
    """An append whose answer was lost is sent again, and makes no second trial."""
    first = append(system, "a", 1, 10)
    append(system, "b", 1, 20)
    assert append(system, "a", 1, 10) == first
    append(system, "a", 2, 11)
    assert numbers(read(system).entries) == [10, 20, 11]
    with pytest.raises(Conflict, match="append 1 of 'a' to journal 'optuna' is older"):
        append(system, "a", 1, 10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is no JSON object with an op_code"),
        ('{"op_code": "4"}', "is no JSON object with an op_code"),
        ('{"op_code": true}', "is no JSON object with an op_code"),
        ('{"op_code": 4, "x": "' + "x" * LONGEST_ENTRY + '"}', "are the most"),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_operation_is_refused(system: System, text: str, said: str) -> None:
    """One entry that cannot be replayed would close the studies to everybody, for ever."""
    with pytest.raises(InvalidRequest, match=f"entry 1 of the append .*{said}.*nothing was"):
        journals.append(system, W, J, AppendEntries("a", 1, [entry(0), text]))
    assert read(system).total == 0


@pytest.mark.parametrize(
    "body",
    [
        AppendEntries("", 1, [entry(0)]),
        AppendEntries("c" * 201, 1, [entry(0)]),
        AppendEntries("a", 0, [entry(0)]),
        AppendEntries("a", 1, [entry(0)], known=-1),
        AppendEntries("a", 1, []),
        AppendEntries("a", 1, [entry(0)] * (MOST_ENTRIES + 1)),
    ],
)
def test_an_append_without_its_parts_is_refused(system: System, body: AppendEntries) -> None:
    """The message says what an append needs."""
    with pytest.raises(InvalidRequest, match=r"an append needs|are to be appended; send 1 to"):
        journals.append(system, W, J, body)


def test_not_a_number_is_an_entry_like_others(system: System) -> None:
    """Optuna writes NaN and Infinity, which JSON lacks, as Python does."""
    text = '{"op_code": 6, "values": [NaN, -Infinity]}'
    journals.append(system, W, J, AppendEntries("a", 1, [text]))
    assert read(system).entries == [text]


def test_a_page_ends_where_it_is_large(system: System) -> None:
    """Ten thousand entries of megabytes each are not one answer."""
    large = json.dumps({"op_code": 2, "x": "x" * (journals.PAGE_SIZE // 2)})
    for sequence in (1, 2, 3):
        journals.append(system, W, J, AppendEntries("a", sequence, [large]))
    assert len(read(system).entries) == 1
    assert read(system, 2).entries == [large]


def test_a_deleted_journal_is_not_mixed_up_with_its_successor(system: System) -> None:
    """Who has replayed the former one is told so, instead of going on in the middle of another."""
    known = append(system, "a", 1, 10).id
    journals.delete(system, W, J)
    with pytest.raises(NotFound, match="has been deleted since it was opened"):
        read(system, 1, id=known)
    fresh = append(system, "b", 1, 20)
    assert (fresh.first, read(system).total) == (0, 1)
    with pytest.raises(NotFound, match="has been deleted since it was opened"):
        append(system, "a", 2, 11, known=1, id=known)
    with pytest.raises(NotFound, match="has no journal 'other'"):
        journals.delete(system, W, "other")


def test_journals_are_listed_by_name(system: System) -> None:
    """Names, counts and sizes tell what there is to be deleted."""
    for name in ("b", "a", "c"):
        journals.append(system, W, name, AppendEntries("a", 1, [entry(0)]))
    page = journals.list_(system, W, JournalQuery(page_size=2))
    assert [(each.name, each.entries, each.size) for each in page.items] == [
        ("a", 1, len(entry(0))),
        ("b", 1, len(entry(0))),
    ]
    rest = journals.list_(system, W, JournalQuery(page_token=page.next_page_token))
    assert [each.name for each in rest.items] == ["c"]


def test_a_name_has_its_rule(system: System) -> None:
    """A journal's name is a part of addresses, and the experiment of its studies."""
    with pytest.raises(WrongName, match="journal name 'a b' is not allowed"):
        journals.append(system, W, "a b", AppendEntries("a", 1, [entry(0)]))


def test_clients_that_are_gone_are_forgotten(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process that ever opened a study is a client: their rows do not pile up."""
    append(system, "a", 1, 10)
    row = system.read(lambda work: rows.find(work.connection, W, J))
    assert row is not None
    monkeypatch.setattr(journals, "_DAY", 0)
    append(system, "b", 1, 0)
    found = system.read(lambda work: [rows.client(work.connection, row.key, each) for each in "ab"])
    assert found == [None, (1, 1)]
