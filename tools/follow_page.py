"""Follow a page of the documentation as its reader does: every block, in order, in this folder.

    python tools/follow_page.py docs/tutorial.md [--replace OLD=NEW ...]

The word behind the three quotes says what a reader does with a block, words after it say how:

    python                  typed into one session, which lasts for the whole page
    python title="a.py"     saved as a file
    bash                    typed into a shell; RUN stands for the newest run
    bash background         typed into another terminal, where it goes on until the page's end;
                            the reader goes on when it has said something
    bash elsewhere          not for this machine: it needs a second one, or rights, or a clone
    others                  read

The first block that fails ends it; the traceback names the line of the page.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
import textwrap
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)(?P<words>[^\n]*)\n(?P<text>.*?)^(?P=indent)```",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r'title="([^"]+)"')
_RUN = re.compile(r"\bRUN\b")
_SECONDS_TO_END = 10


@dataclass(frozen=True)
class Block:
    """One block of a page.

    Args:
        language: What it is written in.
        words: What stands behind the language.
        text: What is in it, without the page's indentation.
        line: The line of the page on which the text begins, counting from 1.
    """

    language: str
    words: str
    text: str
    line: int

    @property
    def title(self) -> str:
        """The file that the reader saves it as; "" for none."""
        found = _TITLE.search(self.words)
        return found.group(1) if found else ""

    @property
    def elsewhere(self) -> bool:
        """Whether it cannot be followed on any one machine."""
        return "elsewhere" in self.words.split()


def blocks(text: str) -> list[Block]:
    """The blocks of a page, in order."""
    return [
        Block(
            match["language"],
            match["words"].strip(),
            textwrap.dedent(match["text"]),
            text.count("\n", 0, match.start("text")) + 1,
        )
        for match in _FENCE.finditer(text)
    ]


class Reader:
    """Somebody who follows a page.

    Args:
        page: The page.
        replaced: What the reader puts in place of the page's examples: addresses, folders.
    """

    def __init__(self, page: Path, replaced: dict[str, str]) -> None:
        self._page = page
        self._replaced = replaced
        self._session: dict[str, Any] = {"__name__": "__main__"}
        self._background: list[subprocess.Popen[bytes]] = []

    def follow(self) -> None:
        """Do what the page says, block by block."""
        try:
            for block in blocks(self._page.read_text(encoding="utf-8")):
                self._do(block)
        finally:
            for process in self._background:
                if process.poll() is not None:
                    sys.exit(f"a program of another terminal ended with {process.returncode}")
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_SECONDS_TO_END)

    def _do(self, block: Block) -> None:
        if block.elsewhere or block.language not in {"python", "bash"}:
            return
        print(f"-- {self._page.name}:{block.line} {block.language} {block.words}", flush=True)
        if block.title:
            file = Path(block.title)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            tree = ast.increment_lineno(ast.parse(block.text), block.line - 1)
            exec(compile(tree, str(self._page), "exec"), self._session)  # noqa: S102 - our own pages
        else:
            self._shell(block)

    def _shell(self, block: Block) -> None:
        text = block.text
        for old, new in self._replaced.items():
            text = text.replace(old, new)
        if _RUN.search(text):
            text = _RUN.sub(newest_run(), text)
        # A block fails with any of its lines, not with the last alone.
        command = ["bash", "-euo", "pipefail", "-c", text]
        if "background" in block.words.split():
            process = subprocess.Popen(command, stdout=subprocess.PIPE)
            self._background.append(process)
            assert process.stdout is not None
            print(process.stdout.readline().decode(), flush=True)
            return
        # What asks for something would wait for a reader who is not there.
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            sys.exit(f"{self._page}:{block.line}: status {done.returncode} of\n{text}")


def newest_run() -> str:
    """The id of the run that was made last."""
    command = ["runyard", "runs", "list", "--json"]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return str(json.loads(listed.stdout)["items"][0]["id"])


def main() -> None:
    """Read the command line and follow the page."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--replace", action="append", default=[], metavar="OLD=NEW")
    options = parser.parse_args()
    # As in a session in this folder, which imports what the page has saved.
    sys.path.insert(0, "")
    Reader(options.page, dict(pair.split("=", 1) for pair in options.replace)).follow()


if __name__ == "__main__":
    main()
