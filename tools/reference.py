"""Write docs/reference from the code: settings, command line, routes; `--check` only compares."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runyard.protocol import routes
from runyard.protocol.route import ANYONE, SCOPES
from runyard_server.cli import failures, tree
from runyard_server.core import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runyard_server.cli.parameters import Command

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE = "<!-- Made by `make docs` from the code; a test compares them. -->\n\n"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {
        "settings.md": MADE + _settings(),
        "cli.md": MADE + _cli(),
        "routes.md": MADE + _routes(),
    }


def _settings() -> str:
    rows = [
        f"| `{row.name}` | {_variable(row.variable)} | {_code(row.default)} | {_cell(row.about)} |"
        for row in settings.table()
    ]
    return (
        "# Settings of the service\n\n"
        "A setting is looked for on the command line of the service, then in a variable, then in "
        "`config.toml` in the state folder; else its default holds. A name that is not in the "
        "table is refused, with the nearest one that is.\n\n"
        "| in `config.toml` | variable | default | meaning |\n| --- | --- | --- | --- |\n"
        + "\n".join(rows)
        + "\n\n## Variables of clients\n\n"
        "| variable | meaning |\n| --- | --- |\n"
        "| `RUNYARD_HOME` | The state folder; `~/.runyard` by default. |\n"
        "| `RUNYARD_URL` | A service elsewhere, in place of this machine's own. |\n"
        "| `RUNYARD_TOKEN` | The token of that service. |\n"
        "| `RUNYARD_SERVICE` | The Python, or the `runyard` command, that runs the service for "
        "clients on an older Python. |\n"
        "| `RUNYARD_WORKSPACE` | The workspace that the command line shows. |\n"
    )


def _variable(name: str) -> str:
    return f"`{name}`" if name else "only in the file"


def _code(text: str) -> str:
    return text if text in ("unset", "none") else f"`{text}`"


def _cli() -> str:
    parts = ["# Command line\n"]
    for words, command in tree.everything().items():
        parts += [f"## runyard {' '.join(words)}\n", f"{command.help}\n", *_parameters(command)]
    parts.append(_statuses())
    return "\n".join(parts)


def _parameters(command: Command) -> Iterator[str]:
    rows = []
    for one in [*command.arguments, *command.options]:
        name = ", ".join([*one.names, *one.off_names]) or one.metavar
        rows.append(f"| `{name}` | {_cell(one.spec.help)} |")
    if rows:
        yield "| | |\n| --- | --- |\n" + "\n".join(rows) + "\n"


def _statuses() -> str:
    meaning = {
        0: "fine",
        1: "it failed",
        2: "the command line or the request makes no sense",
        3: "there is no such thing",
        4: "not allowed",
        5: "the service cannot be reached",
        failures.INTERRUPTED: "interrupted",
    }
    used = {0, 1, failures.INTERRUPTED} | {status for _, status in failures.EXITS}
    rows = [f"| {status} | {meaning[status]} |" for status in sorted(used)]
    return "## Exit statuses\n\n| status | meaning |\n| --- | --- |\n" + "\n".join(rows) + "\n"


def _routes() -> str:
    rows = [
        f"| `{route.name}` | {route.method} | `{route.url}` | {_type(route.body)} "
        f"| {_type(route.query)} | {_type(route.answer)} | {route.scope} "
        f"| {route.needs or ANYONE} | {_cell(route.summary)} |"
        for route in routes.ROUTES
    ]
    scopes = [f"| {scope} | {meaning} |" for scope, meaning in SCOPES.items()]
    return (
        "# Routes\n\n"
        "Everything that can be asked of the service. Bodies and answers are JSON records of "
        "`runyard.protocol`; `Bytes` is a raw stream, `Events` are server-sent events. A running "
        "service gives the same as an OpenAPI document at `/api/v1/openapi.json`. "
        "The role is the least that opens a route to people: in the workspace where its path names "
        "one, else over the service; `person` is everybody whom the service knows. The scope says "
        "how far the token of a run reaches:\n\n"
        "| scope | |\n| --- | --- |\n" + "\n".join(scopes) + "\n\n"
        "| name | method | path | body | query | answer | scope | role | |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n" + "\n".join(rows) + "\n"
    )


def _type(kind: Any) -> str:
    return "" if kind is None or kind is routes.Nothing else f"`{kind.__name__}`"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def main() -> int:
    """Write the pages, or say which differ from the code."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, text in pages().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print(f"docs/reference is older than the code ({', '.join(stale)}): run 'make docs'")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
