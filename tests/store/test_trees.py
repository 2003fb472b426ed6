"""Folders of datastores."""

import io
import os
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runyard.protocol.errors import InvalidRequest, StorageFull
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
    with pytest.raises(InvalidRequest, match="it is a folder"):
        write(tree, "a", overwrite=True)
    for below in ("a/b/c", "a/b/c/d"):
        with pytest.raises(InvalidRequest, match="a file has the name of one of its folders"):
            write(tree, below, overwrite=True)
    files = [("a", b""), ("a/b/c", b""), ("a/b/c/d", b""), ("a/b", b"new"), ("n", b"new")]
    written, refused = tree.write_many(files, overwrite=lambda _path: True)
    assert written == 2
    assert [path for path, _ in refused] == ["a", "a/b/c", "a/b/c/d"]
    assert all(isinstance(error, InvalidRequest) for _, error in refused)


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
    # Nor where the link is named.
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "other").write_text("o")
    assert tree.page("folder/beside/", None, 10) == tree.page("../beside/", None, 10) == []


def test_what_lies_beside_a_prefix_is_not_listed(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step's results are looked at among those of ten thousand others."""
    for number in range(5):
        write(tree, f"azureml/{number}/made/a")
    listed, plain = [], os.scandir

    def noted(folder: str | Path) -> object:
        listed.append(os.path.relpath(folder, tree.root))
        return plain(folder)

    monkeypatch.setattr(os, "scandir", noted)
    assert [file.path for file in tree.page("azureml/3/ma", None, 9)] == ["azureml/3/made/a"]
    assert listed == ["azureml/3", "azureml/3/made"]
    assert tree.page("azureml/7/made/", None, 9) == []


def test_names_that_jobs_chose_are_listed_and_read(tree: Tree) -> None:
    r"""Bytes that are no UTF-8, `x\\y`, line breaks: each is found under what it is listed as."""
    names = [b"\xff", b"x\\y", b"x_y", b"new\nline", b"x%5Cy", b"100%"]
    for name in names:
        (tree.root / os.fsdecode(name)).write_bytes(name)
    write(tree, "d%FF/a", b"in a folder")
    listed = [file.path for file in tree.page("", None, 10)]
    assert listed == ["%FF", "100%", "d%FF/a", "new%0Aline", "x%255Cy", "x%5Cy", "x_y"]
    found = [place.read_bytes() for place in map(tree.find, listed) if place]
    assert set(found) == {*names, b"in a folder"}
    assert [file.path for file in tree.page("d%FF/", None, 10)] == ["d%FF/a"]
    assert [place.read_bytes() for place in tree.contents(listed) if place] == found
    assert (tree.root / os.fsdecode(b"d\xff") / "a").is_file()


def test_a_tree_deeper_than_the_stack_is_listed(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one job made 1,000 folders deep takes the listing from nobody."""
    monkeypatch.chdir(tree.root)
    for _ in range(1000):
        Path("d").mkdir()
        os.chdir("d")
    Path("deep").write_text("")
    monkeypatch.undo()
    write(tree, "z")
    (tree.root / "circle").symlink_to("circle")
    try:
        assert [file.path for file in tree.page("", None, 10)] == ["z"]
    finally:
        subprocess.run(["rm", "-rf", tree.root / "d"], check=True)
    for path in ("d/" * 300 + "f", "n" * 300, ("n" * 250 + "/") * 20 + "f"):
        with pytest.raises(InvalidRequest):
            write(tree, path)
        with pytest.raises(InvalidRequest):
            tree.find(path)


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


def test_what_a_job_is_still_writing_is_not_listed(tree: Tree) -> None:
    """Half of a file is no file, under whatever name."""
    write(tree, "out/whole.txt")
    (tree.root / "out" / ".runyard-part-exp_1").write_bytes(b"half")
    (tree.root / "out" / ".hidden").write_bytes(b"kept")
    assert [file.path for file in tree.page("", None, 9)] == ["out/.hidden", "out/whole.txt"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_that_is_told_kept_survives_a_power_cut(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, *, overwrite: bool
) -> None:
    """The new name is on the disk too, and those of the folders that were made for it."""
    synced: set[Path] = set()
    real = os.fsync

    def fsync(file: int) -> None:
        synced.add(Path(f"/proc/self/fd/{file}").readlink())
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    write(tree, "a/b/file", overwrite=overwrite)
    assert {tree.root, tree.root / "a", tree.root / "a" / "b"} <= synced
