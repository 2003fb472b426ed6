"""What a container sees of a node's files: what is the job's, at its own path, and no more."""

from pathlib import Path

import pytest

from runyard.runtime.binds import Binds, pythons_of
from runyard.runtime.job import JobError


def seen(binds: Binds) -> dict[str, tuple[str, bool]]:
    """Source, and whether it is read-only, by the path in the container."""
    words = [word for word in binds.words() if word != "--mount"]
    found = {}
    for word in words:
        told = dict(part.partition("=")[::2] for part in word.split(","))
        found[told["target"]] = (told["source"], "readonly" in told)
    return found


def test_a_link_is_seen_with_what_it_leads_to(tmp_path: Path) -> None:
    """Both the path that a script is given and the place of the files are there."""
    (tmp_path / "store" / "set").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "store" / "set")
    binds = Binds()
    binds.add(str(tmp_path / "link"))
    real = str(tmp_path / "store" / "set")
    assert seen(binds) == {real: (real, True), str(tmp_path / "link"): (real, True)}


def test_a_file_to_be_written_is_seen_by_its_folder(tmp_path: Path) -> None:
    """The script makes it; what lies below a folder that is seen needs nothing of its own."""
    binds = Binds()
    binds.add(str(tmp_path / "out.txt"), writable=True)
    binds.add(str(tmp_path / "run" / "data"), writable=True)
    assert seen(binds) == {str(tmp_path): (str(tmp_path), False)}


@pytest.mark.parametrize("path", ["/not-there/at/all", "/etc", "/usr/lib/not-there"])
def test_the_system_of_the_node_is_never_seen(path: str) -> None:
    """Nothing takes the place of the image's own system, which a run could write to."""
    binds = Binds()
    binds.add(path, writable=True)
    with pytest.raises(JobError, match="path_on_compute"):
        binds.words()


def test_an_environment_comes_with_its_python_unless_that_is_the_system_s(tmp_path: Path) -> None:
    """The system's folder would hide that of the image."""
    python, place = tmp_path / "python" / "bin", tmp_path / "environment"
    python.mkdir(parents=True)
    (python / "python3").touch()
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").symlink_to(python / "python3")
    (place / "pyvenv.cfg").write_text(f"home = {python}\n")
    assert pythons_of(str(place)) == [str(tmp_path / "python")]
    (place / "bin" / "python").unlink()
    (place / "bin" / "python").symlink_to("/usr/bin/env")
    (place / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert pythons_of(str(place)) == []
