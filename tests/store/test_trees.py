"""Folders of datastores."""

import io
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runyard.protocol.errors import StorageFull
from runyard_server.store.trees import Tree

NAMES = st.text("ab.-0é", min_size=1, max_size=3).filter(lambda name: name.strip("."))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    root = tmp_path / "root"
    root.mkdir()
    return Tree(root, incoming=tmp_path / "incoming")


def write(tree: Tree, path: str, data: bytes = b"x", *, overwrite: bool = False) -> int:
    return tree.write(path, io.BytesIO(data), overwrite=overwrite)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    paths=st.sets(PATHS, max_size=12),
    prefix=st.one_of(st.just(""), PATHS),
    after=st.one_of(st.none(), PATHS),
    size=st.integers(1, 5),
)
def test_pages_are_the_sorted_paths(
    tmp_path_factory: pytest.TempPathFactory,
    paths: set[str],
    prefix: str,
    after: str | None,
    size: int,
) -> None:
    """Pages follow the order of whole paths, so nothing is skipped and nothing comes twice."""
    base = tmp_path_factory.mktemp("tree")
    (base / "root").mkdir()
    tree = Tree(base / "root", incoming=base / "incoming")
    kept = []
    for path in sorted(paths):
        if any(path.startswith(other + "/") or other.startswith(path + "/") for other in kept):
            continue
        write(tree, path)
        kept.append(path)
    wanted = [p for p in sorted(kept) if p.startswith(prefix) and (after is None or p > after)]
    assert [file.path for file in tree.page(prefix, after, size)] == wanted[:size]


def test_a_file_is_kept_unless_asked_otherwise(tree: Tree) -> None:
    """An upload does not replace what is there by accident."""
    write(tree, "a/b", b"one")
    with pytest.raises(FileExistsError):
        write(tree, "a/b", b"two")
    found = tree.find("a/b")
    assert found is not None
    assert found.read_bytes() == b"one"
    assert write(tree, "a/b", b"three", overwrite=True) == 5
    assert found.read_bytes() == b"three"


def test_what_stands_in_the_way_is_told(tree: Tree) -> None:
    """A folder is never replaced by a file, nor a file by a folder."""
    write(tree, "a/b")
    with pytest.raises(FileExistsError):
        write(tree, "a", overwrite=True)
    with pytest.raises((FileExistsError, NotADirectoryError)):
        write(tree, "a/b/c", overwrite=True)


def test_a_broken_upload_leaves_nothing(tree: Tree, tmp_path: Path) -> None:
    """A reader never sees half a file, and no rubbish stays behind."""

    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            if self.tell():
                raise ConnectionResetError
            return super().read(10)

    with pytest.raises(ConnectionResetError):
        tree.write("a/b", Broken(b"x" * 100), overwrite=False)
    assert tree.page("", None, 10) == []
    assert list((tmp_path / "incoming").iterdir()) == []


def test_links_out_of_the_folder_are_not_shown(tree: Tree, tmp_path: Path) -> None:
    """A job cannot lend the service's eyes to read other files."""
    (tmp_path / "secret").write_text("s")
    (tree.root / "out").symlink_to(tmp_path / "secret")
    (tree.root / "folder").symlink_to(tmp_path)
    write(tree, "a")
    (tree.root / "b").symlink_to(tree.root / "a")
    assert [file.path for file in tree.page("", None, 10)] == ["a", "b"]


def test_names_that_are_no_text_are_left_out(tree: Tree) -> None:
    """One file with a strange name does not make the others unreadable."""
    (tree.root / os.fsdecode(b"\xff")).write_text("x")
    write(tree, "a")
    assert [file.path for file in tree.page("", None, 10)] == ["a"]


def test_a_full_disk_is_said_and_leaves_nothing(
    tree: Tree, tmp_path: Path, room_for: Callable[[int], AbstractContextManager[None]]
) -> None:
    """An upload that does not fit is no file at all, and the old one stays."""
    write(tree, "a/b", b"old")
    for path in ("a/b", "new/c"):
        with room_for(100_000), pytest.raises(StorageFull, match="no space is left"):
            write(tree, path, b"x" * 200_000, overwrite=True)
    assert [file.path for file in tree.page("", None, 10)] == ["a/b"]
    assert (tree.root / "a" / "b").read_bytes() == b"old"
    assert not (tree.root / "new").exists()
    assert list((tmp_path / "incoming").iterdir()) == []
