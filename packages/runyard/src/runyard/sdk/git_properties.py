"""What git knows of a source folder, as properties of the run that was made from it.

The questions are asked all at once and answered while the snapshot is made; git that is slow or
absent costs nothing but the properties. What has not been committed is kept as a file of the run,
for no service has the repository to look the commit up in.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Dict, Iterator, NamedTuple, Optional, Tuple

from runyard.client import callers, source_folders
from runyard.sdk import run_files
from runyard.sdk.exceptions import AzureMLException

if TYPE_CHECKING:
    from typing_extensions import Self

    from runyard.client.workspace import WorkspaceClient

SECONDS = 5.0
# A folder of a million files that git does not know takes it longer than anybody waits for a list.
SECONDS_FOR_CHANGES = 2.0
# A user name and password in an address stay here.
SECRET = re.compile(r"^(\w+://)[^/@]*@")
QUESTIONS = {
    "commit": ("rev-parse", "HEAD"),
    "url": ("config", "--get", "remote.origin.url"),
    "branch": ("symbolic-ref", "--short", "-q", "HEAD"),
    "dirty": ("status", "--porcelain", "--untracked-files=no", "--", "."),
    "changes": (
        # A larger file is as good as a binary one: git says that it differs, and not how.
        *("-c", "core.bigFileThreshold=1m", "-c", "core.quotePath=false"),
        *("diff", "HEAD", "--relative", "--no-renames", "--no-color", "--no-ext-diff"),
        *("--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "--", "."),
    ),
    "unknown": ("ls-files", "--others", "--exclude-standard", "-z", "--", "."),
}
OFF_VARIABLE = "RUNYARD_UNCOMMITTED"
"""`0` keeps the diff here: it has lines that were taken out, which no snapshot has."""
CHANGES = ("changes", "unknown")
UNCOMMITTED = "git/uncommitted.diff"
"""Where a run has what was not committed: a diff, and behind it names that git does not know."""
UNKNOWN = "# not in git: "
LEFT_OUT = "# too large to be kept here: "
MOST_CHARACTERS = 1 << 20
MOST_UNKNOWN = 1000
_FILE = re.compile(r"^(?=diff --git )", re.MULTILINE)


class _Question(NamedTuple):
    """A process that answers, and the file that has its answer.

    A file and no pipe: nobody reads until the snapshot is made, and git would wait for them with
    all that a pipe does not hold.
    """

    process: subprocess.Popen[bytes]
    answer: IO[bytes]


class Asked:
    """Questions to git that are being answered.

    Args:
        folder: The folder that is asked about.
        questions: Name -> who answers it.
        answers: Closes the files of the answers.
    """

    def __init__(
        self, folder: Path, questions: Dict[str, _Question], answers: Optional[ExitStack] = None
    ) -> None:
        self._folder = folder
        self._answers = answers or ExitStack()
        self._questions = questions
        self._asked = time.monotonic()
        self._known: Dict[str, Optional[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._answers:
            for question in self._questions.values():
                if question.process.returncode is None:
                    _end(question.process)

    def properties(self) -> Dict[str, str]:
        """Read the repository, branch, commit and state; {} outside git or without it."""
        found = {name: self._answer(name) for name in ("commit", "url", "branch", "dirty")}
        commit = found["commit"]
        if not commit:
            return {}
        given = {"azureml.git.commit": commit, "mlflow.source.git.commit": commit}
        if found["dirty"] is not None:
            given["azureml.git.dirty"] = str(bool(found["dirty"]))
        if found["url"]:
            url = SECRET.sub(r"\1", found["url"])
            given["azureml.git.repository_uri"] = given["mlflow.source.git.repoURL"] = url
        if found["branch"]:
            given["azureml.git.branch"] = given["mlflow.source.git.branch"] = found["branch"]
        return given

    def uncommitted(self) -> str:
        """Read what of the snapshot's files is not in the commit; "" where all of it is."""
        if not self._answer("commit"):
            return ""
        changes, unknown = self._answer("changes") or "", self._answer("unknown") or ""
        return "".join(_kept(self._folder, changes, unknown))

    def _answer(self, name: str) -> Optional[str]:
        if name not in self._known:
            self._known[name] = self._waited(name) if name in self._questions else None
        return self._known[name]

    def _waited(self, name: str) -> Optional[str]:
        """Wait for what a process writes, None if it failed or took too long."""
        process, answer = self._questions[name]
        most = SECONDS_FOR_CHANGES if name in CHANGES else SECONDS
        try:
            left = self._asked + most - time.monotonic()
            if process.wait(timeout=max(0.01, left)) != 0:
                return None
        except subprocess.TimeoutExpired:
            _end(process)
            return None
        answer.seek(0)
        return answer.read().decode("utf-8", "replace").strip("\r\n")


def ask(folder: str) -> Asked:
    """Ask git about a folder; use it in a `with` block and read `properties()` at its end."""
    where = Path(folder or ".").resolve()
    # It is a file in worktrees and submodules.
    if not any((above / ".git").exists() for above in (where, *where.parents)):
        return Asked(where, {})
    with ExitStack() as files:
        try:
            asked = {
                name: _start(where, words, files.enter_context(tempfile.TemporaryFile()))
                for name, words in QUESTIONS.items()
                if name not in CHANGES or os.environ.get(OFF_VARIABLE) != "0"
            }
            return Asked(where, asked, files.pop_all())
        except OSError:
            return Asked(where, {})


def keep(service: WorkspaceClient, run: str, uncommitted: str) -> None:
    """Send what was not committed to a run, which goes its way also if that fails.

    Args:
        service: The workspace's client.
        run: The run's id.
        uncommitted: What `Asked.uncommitted` gave.
    """
    if not uncommitted:
        return
    text = io.BytesIO(uncommitted.encode("utf-8", "replace"))
    try:
        run_files.upload_one(service, run, UNCOMMITTED, text)
    except (OSError, AzureMLException) as error:
        # Whoever heard of an error would submit the run once more.
        callers.warn(f"run {run} was submitted, but not what of it was not committed: {error}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _kept(folder: Path, changes: str, unknown: str) -> Iterator[str]:
    """The changes of files that a snapshot has, as much as is kept, and the names behind them."""
    is_out = source_folders.kept_out(folder)
    left = MOST_CHARACTERS
    large = []
    for part in _FILE.split(changes):
        path = _path(part.partition("\n")[0])
        # What stays here stays here whole: also what a file that is left out had been before.
        if path is None or is_out(path):
            continue
        if len(part) > left:
            large.append(path)
            continue
        left -= len(part)
        yield part if part.endswith("\n") else part + "\n"
    names = [name for name in unknown.split("\0") if name and "\n" not in name]
    yield from (f"{LEFT_OUT}{path}\n" for path in large)
    fresh = [name for name in names if not is_out(name)]
    yield from (f"{UNKNOWN}{name}\n" for name in fresh[:MOST_UNKNOWN])


def _path(head: str) -> Optional[str]:
    """Read the path in `diff --git a/PATH b/PATH`; None where git had to quote it."""
    both = head[len("diff --git ") :]
    path = both[2 : 2 + (len(both) - 5) // 2]
    return path if both == f"a/{path} b/{path}" else None


def _start(folder: Path, words: Tuple[str, ...], answer: IO[bytes]) -> _Question:
    process = subprocess.Popen(
        # `git status` would else write the index, and lock the user's own git out meanwhile.
        ["git", "--no-optional-locks", "-C", str(folder), *words],
        stdin=subprocess.DEVNULL,
        stdout=answer,
        stderr=subprocess.DEVNULL,
    )
    return _Question(process, answer)
