"""The light half as jobs get it: the same bytes every time, complete, and quick to start."""

import io
import os
import py_compile
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
        if path.is_file() and path.suffix != ".pyc"
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


def test_the_zip_is_made_when_it_is_asked_for(installed):
    """A service of this machine alone does not spend a start's time on it; no rest stays behind."""
    folder = installed.folder.parent
    assert [path.name for path in folder.iterdir()] == [installed.folder.name]
    assert installed.zip.read_bytes() == light.pack(light.collect())
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [installed.zip_name, installed.folder.name]
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
    assert {io.BytesIO(each.read_bytes()).read(8)[4:] for each in compiled} == {b"\1\0\0\0"}


def test_bytecode_lies_where_agents_look_for_it(tmp_path, monkeypatch):
    """Also where the service has its own elsewhere, of which agents know nothing."""
    source = tmp_path / "runyard" / "__init__.py"
    source.parent.mkdir()
    source.write_text("")
    monkeypatch.setattr(light_half, "root_of", {"runyard": source.parent}.get)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "elsewhere"))
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    made = light.install(tmp_path)
    assert len(list(made.folder.glob("runyard/__pycache__/__init__.*.pyc"))) == 1


def test_tracebacks_tell_the_files_of_the_folder(installed):
    """Also where the bytecode is what the installed package had already."""
    code = "import runyard.protocol.paths as paths, types\n"
    code += "print(*{f.__code__.co_filename for f in vars(paths).values() "
    code += "if isinstance(f, types.FunctionType) and f.__module__ == paths.__name__})"
    assert told(installed, code) == str(installed.folder / "runyard" / "protocol" / "paths.py")


@pytest.mark.parametrize("compiled", ["before a change", "as it is", "not at all"])
def test_bytecode_is_of_the_files_that_are_there(tmp_path, monkeypatch, compiled):
    """A package that has been replaced since it was compiled runs as it is now."""
    package = tmp_path / "packages" / "runyard"
    package.mkdir(parents=True)
    source = package / "__init__.py"
    for text in ("answer = 'old'", "answer = 'the new one'"):
        source.write_text(text)
        if compiled == "as it is" or (compiled == "before a change" and "old" in text):
            py_compile.compile(
                str(source), invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP
            )
    monkeypatch.setattr(light_half, "root_of", {"runyard": package}.get)
    made = light.install(tmp_path)
    place = made.folder / "runyard" / "__pycache__"
    assert place.exists() == (compiled == "as it is")
    light.compile_folder(made)
    assert len(list(place.iterdir())) == 1
    assert told(made, "import runyard; print(runyard.answer)") == "the new one"


def told(installed, code):
    """What a bare Python prints that has only the folder."""
    ended = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": str(installed.folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


def test_somebody_elses_azureml_is_not_taken(tmp_path, monkeypatch):
    """Where the original SDK is installed beside the service, jobs do not get its files."""
    package = tmp_path / "azureml"
    package.mkdir()
    (package / "__init__.py").write_text("__path__ = __import__('pkgutil').extend_path(...)")
    monkeypatch.setattr(light_half, "root_of", lambda _name: package)
    assert not light_half.is_ours("azureml")
