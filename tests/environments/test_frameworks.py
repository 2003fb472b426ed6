"""The table of frameworks: what each row promises, and that the package index keeps it."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from runyard.protocol import frameworks as table
from runyard_server.environments import dates, frameworks, interpreters, uv_program

ROWS = [row for name in table.FRAMEWORKS for row in table.rows(name).values()]
# Of a hundred and more rows these show each way of pinning; `make soak` resolves all of them.
SHORT = (("SKLearn", "0.20.3"), ("PyTorch", "2.3"), ("JAX", "0.5"))
WHOLE = bool(os.environ.get("FRAMEWORKS_WHOLE"))


def test_every_row_says_all_that_is_needed():
    """Packages, Pythons from old to new of which jobs run on one, and a day for all but today's."""
    assert [row for row in ROWS if not row.pip or row.source not in ("v1", "run", "index")] == []
    assert [row for row in ROWS if row.as_of != dates.checked(row.as_of)] == []
    assert {row.version for row in ROWS if row.pythons is None} == {"newest"}
    for row in ROWS:
        oldest, newest = row.pythons or (table.OLDEST_PYTHON, table.OLDEST_PYTHON)
        assert oldest <= newest >= table.OLDEST_PYTHON, row
        is_bound = row.pythons and row.framework in table.PACKAGES.values()
        assert frameworks.pythons(row.pip, dated=True)[:1] == ([newest] if is_bound else []), row
    undated = {row.framework: row.version for row in ROWS if not row.as_of and row.pythons}
    for framework, version in undated.items():
        assert version == [each for each in table.versions(framework) if each != "newest"][-1]


def _resolve(row, pip):
    """Resolve a row's packages for the newest Python that runs it; the error's text, or ""."""
    low, high = row.pythons or (table.OLDEST_PYTHON, (3, 13))
    found = [one for one in interpreters.everything() if low <= one.minor <= high]
    # Without that Python here its version is enough for wheels.
    python, version = sys.executable, f"3.{min(high[1], 13)}"
    if found:
        python, version = found[0].path, found[0].dotted
    command = [uv_program.program(), "pip", "compile", "--quiet", "--python", python]
    command += ["--python-version", version, *dates.options(row.as_of, pip), "-"]
    done = subprocess.run(
        command, input="\n".join(pip), text=True, capture_output=True, check=False
    )
    return f"{row.framework} {row.version} {pip[0]}: {done.stderr}" if done.returncode else ""


def test_rows_resolve():
    """What a row pins is on the package index, together, for a Python of the row."""
    chosen = [row for row in ROWS if WHOLE or (row.framework, row.version) in SHORT]
    pairs = [(row, pip) for row in chosen for pip in ({row.pip, row.gpu} if WHOLE else {row.pip})]
    with ThreadPoolExecutor(4) as pool:
        failed = list(filter(None, pool.map(lambda pair: _resolve(*pair), pairs)))
    assert failed == []


def test_versions_are_found_by_minor_and_by_name():
    """As people write them; what takes another's place says so."""
    assert table.find("TensorFlow", "2.3.1") is table.find("TensorFlow", "2.3")
    assert table.find("SKLearn", "0.20.4") is table.find("SKLearn", "0.20.3")
    assert table.find("TensorFlow", "3.0") is None
    old = table.find("TensorFlow", "1.12")
    assert (old.pip, old.python) == (table.find("TensorFlow", "1.13").pip, "3.7")
    assert "TensorFlow 1.13.1 on Python 3.7 is used" in old.note
    pinned = table.pinned(["torch==1.4.0", "Tensorflow_GPU==1.13.1", "scikit-learn==1.0.2", "jax"])
    assert [row.framework for row in pinned] == ["PyTorch", "TensorFlow"]


def test_frameworks_together_choose_a_python_that_runs_all():
    """The newest in all of their ranges; a framework without a version is today's."""
    assert frameworks.pythons(["torch==1.4.0", "tensorflow==2.2.3"])[0] == (3, 8)
    assert frameworks.pythons(["torch==1.4.0", "tensorflow==1.15.5"]) == [(3, 7)]
    assert frameworks.pythons(["xgboost==0.90", "scikit-learn==0.20.3"]) == []
    assert frameworks.pythons(["tensorflow"])[0] == (3, 13)
    assert frameworks.pythons(["tensorflow"], dated=True) == []
    assert frameworks.pythons(["torch==1.4.0", "tensorflow==2.21.0"]) == []


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("tensorflow-gpu==1.13.1", "tensorflow==1.13.1"),
        ("tensorflow[and-cuda]==2.15.1", "tensorflow-cpu==2.15.1"),
        ("jax[cuda12]", "jax"),
        ("torch==2.0.1", "torch==2.0.1"),
    ],
)
def test_a_machine_without_a_gpu_gets_no_cuda(asked, given):
    """Gigabytes that nothing there could use; what was changed is said."""
    changed, note = frameworks.for_cpu(asked)
    assert changed == given
    assert bool(note) == (asked != given)
    assert re.search("no GPU|^$", note)


@pytest.mark.parametrize(
    ("tensorflow", "bound"),
    [
        ("tensorflow-gpu==1.13.1", "keras<2.3"),
        ("tensorflow==2.0.4", "keras<2.4"),
        ("tensorflow-cpu==2.3.4", "keras<2.5"),
        ("tensorflow==2.11.0", ""),
    ],
)
def test_keras_without_a_version_is_one_that_its_tensorflow_loads(tensorflow, bound):
    """pip would take the newest, for Keras named no TensorFlow then; a version of yours stays."""
    found = [each for each in frameworks.constraints([tensorflow, "keras"]) if "keras" in each]
    assert found == ([bound] if bound else [])
    own = frameworks.constraints([tensorflow, "keras==2.4.3", "keras-preprocessing"])
    assert [each for each in own if "keras" in each] == []


@pytest.mark.parametrize(
    ("asked", "is_changed"),
    [
        (["inference-schema==1.1.0"], True),
        (["inference-schema[numpy-support]==1.7.1", "numpy"], True),
        (["inference-schema==1.8"], False),
        (["inference-schema"], False),
        (["inference-schema==1.1.0", "wrapt==1.12.1"], False),
    ],
)
def test_the_decorators_of_old_scoring_scripts_load_on_todays_python(asked, is_changed):
    """Their releases pin a wrapt that reads a name which Python 3.11 took out of `inspect`."""
    assert any("wrapt>=1.14" in each for each in frameworks.overrides(asked)) == is_changed


def test_the_decorators_of_old_scoring_scripts_have_a_pandas_they_can_describe():
    """Nobody who pinned them pinned pandas, whose texts have another type since version 3."""
    assert "pandas<3" in frameworks.constraints(["inference-schema==1.3.0", "pandas"])
    assert frameworks.constraints(["inference-schema==1.3.0", "pandas==3.0.2"]) == []
    assert frameworks.constraints(["inference-schema", "pandas"]) == []
