"""The light half as jobs get it: the same bytes every time, complete, and quick to start."""

import io
import os
import subprocess
import sys
import zipfile

import pytest

import runyard
from runyard.protocol import light_half
from runyard_server.compute import light


@pytest.fixture
def installed(tmp_path):
    """The light half in an empty folder."""
    return light.install(tmp_path)


def test_the_zip_is_the_same_wherever_it_is_made():
    """A run names the light half by its hash, so the same sources must give the same bytes."""
    files = light.collect()
    backwards = dict(reversed(list(files.items())))
    assert light.pack(files) == light.pack(backwards)
    assert light.digest(files) == light.digest(backwards)


def test_another_content_has_another_name():
    """A changed package never passes under the old hash."""
    files = light.collect()
    for changed in (
        {**files, "runyard/__init__.py": b"#"},
        {**files, "runyard/new.py": b""},
        {"a": b"bc"},
        {"ab": b"c"},
    ):
        assert light.digest(changed) != light.digest(files)
    assert light.digest({"a": b"bc"}) != light.digest({"ab": b"c"})


def test_both_forms_hold_the_same_files(installed):
    """A job elsewhere gets the same code as one on this machine."""
    with zipfile.ZipFile(installed.zip) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    unpacked = {
        path.relative_to(installed.folder).as_posix(): path.read_bytes()
        for path in installed.folder.rglob("*")
        if path.is_file()
    }
    assert packed == unpacked
    assert "runyard/runtime/__main__.py" in packed
    assert "azureml/__init__.py" in packed
    assert not [name for name in packed if "__pycache__" in name or name.startswith(("/", ".."))]


def test_what_is_there_is_left_alone(installed):
    """A job that runs keeps the files it began with, though the service starts anew."""
    marker = installed.folder / "runyard" / "__init__.py"
    marker.write_text("# in use")
    stamp = installed.zip.stat().st_mtime_ns
    again = light.install(installed.zip.parent)
    assert again == installed
    assert marker.read_text() == "# in use"
    assert installed.zip.stat().st_mtime_ns == stamp


def test_an_install_that_was_cut_short_is_made_whole(installed):
    """A half that a crash left is completed at the next start; no rest stays behind."""
    installed.zip.unlink()
    light.install(installed.zip.parent)
    assert installed.zip.is_file()
    assert sorted(p.name for p in installed.zip.parent.iterdir()) == sorted(
        [installed.zip.name, installed.folder.name]
    )


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_it_runs_without_anything_installed(installed, form):
    """A bare Python, without site packages, imports both package names from either form."""
    code = "import runyard, azureml, runyard.runtime; print(runyard.__version__, runyard.__file__)"
    ended = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": str(getattr(installed, form)), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith(f"{runyard.__version__} {getattr(installed, form)}")


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_an_interpreter_tells_its_end_by_either_form(installed, form, tmp_path):
    """What Python imports from it at its start works, and stays on nobody's path."""
    startup = f"{getattr(installed, form)}/runyard/runtime/startup"
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; sys.exit(str([p for p in sys.path if 'startup' in p]))",
        ],
        env={"PYTHONPATH": startup, "RUNYARD_ENDING": f"{os.getpid()}:{tmp_path}"},
        stderr=subprocess.DEVNULL,
    )
    assert process.wait(60) == 1
    assert (tmp_path / str(process.pid)).read_text().split("\n")[:3] == ["'exit'", "1", "'[]'"]


def test_the_zip_is_a_program(installed):
    """`python <zip> agent …` is how a node without the folder starts the agent."""
    ended = subprocess.run(
        [sys.executable, "-S", "-E", str(installed.zip), "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "agent" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_folder_is_compiled_for_this_python(installed):
    """Agents start from compiled files, which nobody has to compare with their sources."""
    light.compile_folder(installed)
    compiled = list(
        installed.folder.glob(f"runyard/__pycache__/*.{sys.implementation.cache_tag}.pyc")
    )
    assert compiled
    # PEP 552: the second word says hash-based and not checked.
    assert io.BytesIO(compiled[0].read_bytes()).read(8)[4:] == b"\x01\x00\x00\x00"


def test_bytecode_is_of_the_files_that_are_there(installed):
    """Bytecode that the installed package has already is taken, with the right paths; but not of
    a package that has been replaced since."""
    (installed.folder / "runyard" / "__init__.py").write_text("def changed():\n    pass")
    light.compile_folder(installed)
    code = "import runyard, runyard.protocol.paths as paths; print(runyard.changed)\n"
    code += "import types; print(*{f.__code__.co_filename for f in vars(paths).values() "
    code += "if isinstance(f, types.FunctionType) and f.__module__ == paths.__name__})"
    ended = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": str(installed.folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    changed, path = ended.stdout.splitlines()
    assert changed.startswith("<function changed")
    assert path == str(installed.folder / "runyard" / "protocol" / "paths.py")


def test_somebody_elses_azureml_is_not_taken(tmp_path, monkeypatch):
    """Where the original SDK is installed beside the service, jobs do not get its files."""
    package = tmp_path / "azureml"
    package.mkdir()
    (package / "__init__.py").write_text("__path__ = __import__('pkgutil').extend_path(...)")
    monkeypatch.setattr(light_half, "root_of", lambda _name: package)
    assert not light_half.is_ours("azureml")
