"""Named values come back as they were put, many owners' at once."""

from runyard_server.store import named
from runyard_server.store.records import Records, sqlite_url
from runyard_server.store.schema import run_tags

# What JSON writes in another way, what it has signs for, and what looks like JSON itself.
TEXTS = ["", "a\0b", "\n\x1f\x7f", '"\\', '{"a": [1]}', "null", "ö😀\u2028", "1e400", "'%(x)s"]


def test_texts_come_back_as_they_were(tmp_path) -> None:
    """A tag or parameter may hold any text, or nothing, and a page of runs shows it unchanged."""
    records = Records(sqlite_url(tmp_path / "records.db"))
    given = {f"t{number} {text}": text for number, text in enumerate(TEXTS)} | {"none": None}
    records.write(lambda c: named.put(c, run_tags, 1, given))
    records.write(lambda c: named.put(c, run_tags, 3, {"a": "b"}))
    found = records.read(lambda c: named.read(c, run_tags, [3, 1, 2]))
    some = records.read(lambda c: named.read(c, run_tags, [1], ["none", "t0 ", "other"]))
    records.close()
    assert found == {1: given, 2: {}, 3: {"a": "b"}}
    assert some == {1: {"none": None, "t0 ": ""}}
