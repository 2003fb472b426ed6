"""Whoever follows a page of the documentation, block by block, gets to its end.

The reader works in an empty folder with an empty state folder and this interpreter. What a page
says that its reader has beforehand is in PREPARED; what it calls by an example's name, such as an
address, is in REPLACED. Packages are fetched once for all pages, and an environment that several
pages or the tests in tests/distributed name is made once. The service and the shell's `runyard` are
forked from interpreters that have loaded them, but for the pages in FROM_NOTHING.
"""

import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.pages.commands import Commands

from runyard_server.testing.services import RunningService, read_connection

pytestmark = [pytest.mark.slow(seconds=15), pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
FOLLOW = ROOT / "tools" / "follow_page.py"
follow_page = runpy.run_path(str(FOLLOW))
MNIST = ROOT / "examples" / "tf-mnist"
# Page -> what its reader has copied: a name in the reader's folder, and the original.
COPIED = {
    "docs/tutorial.md": {name: MNIST / name for name in ("tf_mnist.py", "utils.py", "data")},
    "docs/how-to/bring-v1-scripts.md": {"downloaded": MNIST / "data"},
}
# As often as it takes to learn well; here it is enough that it learns.
EPOCHS = ('"--epochs", type=int, default=6', '"--epochs", type=int, default=1')
# Page -> what its reader puts in place of an example's name.
REPLACED = {
    "docs/how-to/run-a-service.md": {
        "/srv/runyard": "$HOME/.runyard",
        "0.0.0.0": "127.0.0.1",
        "server.example": "127.0.0.1",
        "...": "$(jq -r .token ~/.runyard/service.json)",
    }
}
# What somebody did who now reads a page about runs that exist: a run of 2 s that fails in the end.
A_RUN = """
import sys
from runyard import *
open("fails.py", "w").write("import time; print('begun', flush=True); time.sleep(2); 1 / 0")
environment = Environment("plain")
environment.python.user_managed_dependencies = True
config = ScriptRunConfig(".", "fails.py", compute_target="local", environment=environment)
run = Experiment(Workspace.from_config(), "tf-mnist").submit(config)
"""
# Who has a wheel of their own has built it.
A_WHEEL = """
import os, zipfile
os.mkdir("dist")
with zipfile.ZipFile("dist/mine-1.0-py3-none-any.whl", "w") as archive:
    archive.writestr("mine.py", "")
    for name, text in {
        "METADATA": "Metadata-Version: 2.1\\nName: mine\\nVersion: 1.0\\n",
        "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "RECORD": "mine.py,,\\n",
    }.items():
        archive.writestr(f"mine-1.0.dist-info/{name}", text)
"""
EARLIER = {
    "docs/how-to/choose-an-environment.md": A_WHEEL,
    "docs/how-to/find-out-what-went-wrong.md": A_RUN,
    "docs/how-to/use-the-command-line.md": A_RUN,
    "docs/how-to/watch-runs-in-notebooks.md": A_RUN,
}
# Pages whose first lines start a service, by the client or by hand.
FROM_NOTHING = {
    "README.md",
    "docs/tutorial.md",
    "docs/how-to/from-laptop-to-cluster.md",
    "docs/how-to/run-a-service.md",
    "docs/how-to/watch-the-service.md",
}
# Page -> number of blocks that no single machine can follow, and what tests them instead.
ELSEWHERE = {
    "README.md": (2, "tests/journeys/test_article.py, test_the_readme_s_installation"),
    "docs/how-to/from-laptop-to-cluster.md": (3, "tests/ray, tests/slurm, tests/ssh"),
    "docs/how-to/run-in-containers.md": (4, "tests/journeys/test_containers.py"),
    "docs/how-to/run-on-postgresql.md": (
        5,
        "tests/store/test_postgresql.py, tests/store/test_copying.py, tests/app/test_leadership.py",
    ),
    "docs/how-to/simulated-hosts.md": (1, "tests/hosts"),
    "docs/how-to/tensorboard.md": (1, "tests/sdk/test_tensorboard.py"),
    "docs/how-to/use-mlflow.md": (6, "tests/mlflow"),
    "docs/how-to/use-object-stores.md": (2, "tests/stores"),
    "docs/how-to/use-the-studio.md": (2, "tests/faces/test_cookies.py, tests/studio/test_login.py"),
    "docs/how-to/watch-runs-in-notebooks.md": (2, "tests/notebook"),
    "docs/how-to/work-as-a-team.md": (1, "tests/cli/test_team.py"),
}


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def followed() -> list[str]:
    """The pages with something to do in them."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        str(page.relative_to(ROOT))
        for page in pages
        if any(
            block.language in {"python", "bash"}
            for block in follow_page["blocks"](page.read_text(encoding="utf-8"))
        )
    ]


@pytest.fixture(scope="module")
def commands() -> Iterator[Path]:
    """A folder with a `runyard` that starts in no time."""
    # Of pytest's own folders the path is too long for a socket.
    with tempfile.TemporaryDirectory(prefix="pages-") as folder, Commands(Path(folder)) as made:
        yield made.folder


@pytest.fixture
def reader(
    tmp_path: Path, session_home: Path, commands: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An empty folder; the reader's home and state folder lie beside it."""
    work, state = tmp_path / "work", tmp_path / "home" / ".runyard"
    for folder in (work, state):
        folder.mkdir(parents=True)
    for name in ("packages", "environments"):
        shared = session_home / "distributed" / name
        shared.mkdir(parents=True, exist_ok=True)
        (state / name).symlink_to(shared)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RUNYARD_HOME", str(state))
    monkeypatch.setenv("SHELL", "/bin/bash")  # as in any terminal; build machines set none
    places = [str(commands), str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(places))
    return work


def stop(home: Path) -> None:
    """End the service of a state folder, if one is there, and wait for that."""
    found = read_connection(home)
    with suppress(ProcessLookupError):
        while found is not None:
            os.kill(found.pid, signal.SIGTERM)
            time.sleep(0.02)
            found = read_connection(home)


@pytest.mark.parametrize("page", followed())
def test_a_page_can_be_followed(page: str, reader: Path) -> None:
    """Every block runs, in order, in one session."""
    for name, original in COPIED.get(page, {}).items():
        copy = shutil.copytree if original.is_dir() else shutil.copy
        copy(original, reader / name)
    for script in reader.glob("tf_mnist.py"):
        assert EPOCHS[0] in script.read_text()
        script.write_text(script.read_text().replace(*EPOCHS))
    pairs = {"8420": str(free_port()), **REPLACED.get(page, {})}
    replaced = [f"--replace={old}={new}" for old, new in pairs.items()]
    state = reader.parent / "home" / ".runyard"
    if page not in FROM_NOTHING:
        RunningService(state).start()
    if page in EARLIER:
        subprocess.run([sys.executable, "-c", EARLIER[page]], cwd=reader, check=True)
    done = subprocess.run(
        [sys.executable, FOLLOW, ROOT / page, *replaced],
        cwd=reader,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=400,
        check=False,
    )
    stop(state)
    assert done.returncode == 0, done.stdout[-6000:]


def test_few_blocks_are_for_elsewhere() -> None:
    """What is not followed here is known, page by page, and tested in another way."""
    found = {}
    for page in followed():
        blocks = follow_page["blocks"]((ROOT / page).read_text(encoding="utf-8"))
        found[page] = sum(block.elsewhere for block in blocks)
    assert {page: count for page, count in found.items() if count} == {
        page: count for page, (count, _) in ELSEWHERE.items()
    }


def test_the_readme_s_installation(tmp_path: Path) -> None:
    """`make wheels` and the line below it give an environment in which the first script runs."""
    blocks = follow_page["blocks"]((ROOT / "README.md").read_text(encoding="utf-8"))
    install = next(b.text for b in blocks if b.language == "bash" and "make wheels" in b.text)
    script = next(b.text for b in blocks if b.language == "python")
    # Variables of a make that runs the tests are not for the make of the reader.
    home = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    home.update(HOME=str(tmp_path), RUNYARD_HOME=str(tmp_path / "state"))
    # Of what pip compiles, one script and one start load a third.
    home["PIP_NO_COMPILE"] = "1"
    subprocess.run(["bash", "-euc", install], cwd=ROOT, env=home, check=True)
    (tmp_path / "work").mkdir()
    python = tmp_path / "runyard" / "bin" / "python"
    done = subprocess.run(
        [python, "-W", "error", "-c", script],
        cwd=tmp_path / "work",
        env=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    subprocess.run([python.with_name("runyard"), "stop"], env=home, check=True)
