"""The light half is importable, and cheap, on every Python that jobs run on."""

import subprocess
import sys

_LOADED = "import sys, {0}; print(' '.join(sorted(sys.modules)))"
_COSTLY = {"socket", "ssl", "http.client", "email", "subprocess", "threading", "urllib.request"}


def _modules(name: str) -> set:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _LOADED.format(name)],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return set(done.stdout.decode().split())


def test_importing_runyard_is_silent_and_loads_nothing_costly():
    """Training scripts pay nothing for an import they may not use."""
    assert not _modules("runyard") & _COSTLY - _modules("os")


def test_importing_the_v1_names_loads_no_records():
    """Records are dataclasses, whose module takes a fifth of the import; they come with use."""
    assert not _modules("azureml.core") & {"dataclasses", "inspect"}


def test_importing_the_v1_names_is_silent():
    """`import azureml.core` prints nothing and warns of nothing."""
    assert "azureml.core" in _modules("azureml.core")


def test_importing_the_names_alone_needs_hardly_anything():
    """typing takes longer than all of ours together, and a script may use none of the names."""
    for name in ("runyard", "azureml.core"):
        assert not _modules(name) & {"typing", "re", "json", "pathlib"} - _modules("os")


def test_a_name_is_loaded_on_first_use_and_stays():
    """`azureml.core.Run` costs a look-up from the second time on; unknown names are refused."""
    code = (
        "import azureml.core as core; before = 'Run' in vars(core); run = core.Run\n"
        "print(before, vars(core)['Run'] is run, hasattr(core, 'Nothing'), 'Model' in dir(core))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, text=True
    )
    assert done.stdout.split() == ["False", "True", "False", "True"]
