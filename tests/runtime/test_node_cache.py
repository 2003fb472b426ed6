"""What a node keeps of what it has fetched: whole files, within a bound."""

import hashlib
import os
from pathlib import Path

import pytest

from runyard.runtime import node_cache
from runyard.runtime.node_cache import NodeCache


def key(text: str) -> str:
    """The key of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def kept(cache: NodeCache, folder: Path, text: str) -> None:
    """Have a text kept."""
    source = folder / "source"
    source.write_text(text)
    cache.keep(key(text), str(source))


def test_what_is_kept_is_copied(tmp_path: Path) -> None:
    """A job's file is its own: what it writes there is not in what is kept."""
    cache, place = NodeCache(str(tmp_path / "cache")), tmp_path / "copy"
    kept(cache, tmp_path, "abc")
    for _ in range(2):
        assert cache.copied(key("abc"), 3, str(place))
        assert place.read_text() == "abc"
        place.write_text("changed")


@pytest.mark.parametrize("size", [2, 4])
def test_a_file_of_another_length_is_not_used(tmp_path: Path, size: int) -> None:
    """After a power cut a file may have lost its bytes."""
    cache = NodeCache(str(tmp_path / "cache"))
    kept(cache, tmp_path, "abc")
    assert not cache.copied(key("abc"), size, str(tmp_path / "copy"))


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    """Above its bound the cache is trimmed, and what was just used stays."""
    cache = NodeCache(str(tmp_path / "cache"), most=1000)
    texts = [letter * 400 for letter in "abcd"]
    for age, text in enumerate(texts[:2]):
        kept(cache, tmp_path, text)
        place = next((tmp_path / "cache").rglob(key(text)[2:]))
        os.utime(place, (1000 + age, 1000 + age))
    assert cache.copied(key(texts[0]), 400, str(tmp_path / "copy"))
    kept(cache, tmp_path, texts[2])
    cache.trim()
    there = [cache.copied(key(text), 400, str(tmp_path / "copy")) for text in texts]
    assert there == [True, False, True, False]


def test_a_full_disk_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of the disk is left to jobs: what is kept already goes, and nothing comes."""
    cache = NodeCache(str(tmp_path / "cache"))
    kept(cache, tmp_path, "abc")
    monkeypatch.setattr(node_cache, "FREE_SHARE", 1.0)
    monkeypatch.setattr(node_cache, "FREE_BYTES", 1 << 60)
    kept(cache, tmp_path, "def")
    assert not cache.copied(key("def"), 3, str(tmp_path / "copy"))
    cache.trim()
    assert not cache.copied(key("abc"), 3, str(tmp_path / "copy"))


def test_a_node_without_a_folder_keeps_nothing(tmp_path: Path) -> None:
    """Whoever has no place for a cache fetches each time."""
    cache = NodeCache("")
    kept(cache, tmp_path, "abc")
    cache.trim()
    assert not cache.copied(key("abc"), 3, str(tmp_path / "copy"))
