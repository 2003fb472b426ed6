"""Check the documentation: links lead somewhere, examples are Python, commands exist.

For README.md, CHANGELOG.md, docs/**, the packages' and the examples' READMEs:

* a relative link points at a file that is there, and its #anchor at a heading;
* a block marked `python` compiles, and its first-party imports exist, or are files of the page;
* a `make` verb exists, and so does a `runyard` command.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import shlex
import sys
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")
_BLOCK = re.compile(r"^ *```(\w+)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(
    r"^ *```(python|diff) title=\"([^\"]+\.py)\"\n(.*?)^ *```", re.MULTILINE | re.DOTALL
)
_ADDED = re.compile(r"^\+(?:def |class )?(\w+)", re.MULTILINE)
_DIFF = re.compile(r"^ *```diff.*?^ *```", re.MULTILINE | re.DOTALL)
_FIRST_PARTY = ("runyard", "runyard_server", "azureml")


def documents() -> list[Path]:
    """Every page."""
    places = ("*.md", "docs/**/*.md", "packages/*/*.md", "examples/**/*.md", "benchmarks/*.md")
    return sorted({page for place in places for page in ROOT.glob(place)})


def faults(page: Path) -> Iterator[str]:
    """What is wrong in a page."""
    text = page.read_text(encoding="utf-8")
    name = page.relative_to(ROOT)
    for fault in (*_links(page, text), *_examples(text), *_commands(text)):
        yield f"{name}: {fault}"


def _links(page: Path, text: str) -> Iterator[str]:
    # In code `[x](y)` is an index and a call.
    prose = _BLOCK.sub("", text)
    for match in _LINK.finditer(prose):
        target = match.group(1) or match.group(2)
        # Addresses elsewhere are not asked: the check works without a network.
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"the link {target} leads nowhere"
        elif anchor and file.suffix == ".md" and anchor not in _anchors(file):
            yield f"{file.name} has no heading #{anchor}"


@cache
def _anchors(page: Path) -> frozenset[str]:
    headings = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    # As GitHub makes them of headings.
    return frozenset(
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    )


def _examples(text: str) -> Iterator[str]:
    made = set(_made(text))
    for language, block in _BLOCK.findall(text):
        if language != "python":
            continue
        try:
            tree = ast.parse(textwrap.dedent(block))
        except SyntaxError as error:
            yield f"an example is not Python: line {error.lineno}: {error.msg}"
            continue
        for module, name in _imports(tree):
            # What a page has its reader write is not there before.
            if module not in made and f"{module}.{name}" not in made:
                yield from _missing(module, name)


def _made(text: str) -> Iterator[str]:
    """The modules of a page's own files, and the names that it adds to files of ours."""
    for language, title, block in _FILE.findall(text):
        module = title[:-3].replace("/", ".")
        if language == "python":
            yield module
        else:
            yield from (f"{module}.{name}" for name in _ADDED.findall(block))


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The first-party modules that an example imports, with the name that it wants of each."""
    for node in ast.walk(tree):
        found = []
        if isinstance(node, ast.ImportFrom) and node.module:
            found = [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found = [(alias.name, "") for alias in node.names]
        yield from (pair for pair in found if pair[0].split(".")[0] in _FIRST_PARTY)


def _missing(module: str, name: str) -> Iterator[str]:
    if not _is_module(module):
        yield f"an example imports {module}, which does not exist"
    # Really imported: modules may make names only when they are asked for.
    elif name and not (
        hasattr(importlib.import_module(module), name) or _is_module(f"{module}.{name}")
    ):
        yield f"an example imports {name}, which {module} lacks"


def _is_module(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def _commands(text: str) -> Iterator[str]:
    shell = "\n".join(block for language, block in _BLOCK.findall(text) if language == "bash")
    # Diffs show the commands that a guide is about to add.
    inline = "\n".join(re.findall(r"`((?:make|runyard) [^`\n]+)`", _DIFF.sub("", text)))
    for line in f"{shell}\n{inline}".splitlines():
        words = _words(line)
        if words[:1] == ["make"]:
            yield from (f"make has no verb {word}" for word in words[1:] if word not in _verbs())
        elif words[:1] == ["runyard"] and not _known(tuple(words[1:])):
            yield f"there is no command: {line.strip()}"


def _words(line: str) -> list[str]:
    line = re.sub(r"^\$ ", "", line.strip()).split("#")[0]
    words = shlex.split(line)
    # Only now, for quotes may hold what ends a command outside of them.
    words = list(itertools.takewhile(lambda word: word[:1] not in {"|", "&", ";", ">"}, words))
    return [word for word in words if not re.match(r"[A-Z_]+=", word)]


@cache
def _verbs() -> frozenset[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


@cache
def _known(words: tuple[str, ...]) -> bool:
    from runyard_server.cli import command_exists

    return command_exists(words)


def main() -> int:
    """Print the faults; with --verbose also what was looked at."""
    pages = documents()
    found = [fault for page in pages for fault in faults(page)]
    if "--verbose" in sys.argv:
        print("\n".join(str(page.relative_to(ROOT)) for page in pages))
    print("\n".join(found) or f"documentation: {len(pages)} pages, fine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
