"""The article from its first line to its last on a site: for `make soak`, which does it on each.

ARTICLE names a program that runs the article's own text: it is given the checkout and `--part all`,
and says `article: ok` in its last line. Without one the examples are run that are its three parts.
ARTICLE_PACKAGES names a folder of packages that is kept from one time to the next.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAM = os.environ.get("ARTICLE", "")
PACKAGES = os.environ.get("ARTICLE_PACKAGES", "")
PARTS = ("tf-mnist", "tf-horovod", "tf-parameter-server")
_SECONDS = 3600


def walked(home: Path, folder: Path, nodes: Callable[[], int]) -> int:
    """Go through the article with a service; give the most nodes that there were at once.

    Args:
        home: The service's state folder.
        folder: Where the programs are run, and what they print is kept.
        nodes: Counts the nodes that the site has at a moment.
    """
    log, most, end = folder / "article.log", 0, time.monotonic() + _SECONDS
    environment = {**os.environ, "RUNYARD_HOME": str(home)}
    for command in _commands():
        with log.open("ab") as output:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=output, stderr=output
            )
        try:
            while process.poll() is None:
                assert time.monotonic() < end, log.read_text()[-5000:]
                # A dashboard that is busy with what is counted may not answer.
                with suppress(OSError):
                    most = max(most, nodes())
                time.sleep(0.5)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == 0, log.read_text()[-5000:]
    if PROGRAM:
        assert log.read_text().splitlines()[-1].startswith("article: ok"), log.read_text()[-5000:]
    return most


def share_packages(folder: Path, session: Path) -> None:
    """Have a site keep its packages where the others do: Horovod is compiled once for all of them.

    Args:
        folder: Where the site looks for `packages`.
        session: The folder of all tests.
    """
    kept = Path(PACKAGES) if PACKAGES else session / "packages-of-sites"
    kept.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "packages").symlink_to(kept)


def shrink() -> None:
    """Have all clusters give their nodes back at once when nobody needs them."""
    from azureml.core import Workspace

    for target in Workspace.from_config().compute_targets.values():
        target.update(idle_seconds_before_scaledown=1)


def nodes() -> int:
    """How many nodes all clusters of ours have."""
    from azureml.core import Workspace

    targets = Workspace.from_config().compute_targets.values()
    return sum(int(target.get_status().current_node_count) for target in targets)


def _commands() -> list[list[str]]:
    if PROGRAM:
        return [[sys.executable, str(Path(PROGRAM).resolve()), str(ROOT), "--part", "all"]]
    return [[sys.executable, str(ROOT / "examples" / part / "submit.py")] for part in PARTS]
