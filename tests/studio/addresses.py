"""Every address of the studio, read from its table of pages: a page that is added is tested."""

import re
from collections.abc import Iterator
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "packages/runyard-server/web/src"
_PAGE = re.compile(r'page\(\s*"(/[^"]*)"')
_SHOWN = re.compile(r'\["([\w ]+)", [`"](/[^`"]*)[`"], "\w*"\]')
_TAB = re.compile(r'^  "?(\w+)"?: \[?\s*"?', re.MULTILINE)

FILLED = {
    "/runs/{run}": ("run", "failed", "gang", "logged"),
    "/experiments/{name}": ("experiment",),
    "/experiments/{experiment}": ("experiment",),
    "/workspaces/{name}": ("experiment",),
    "/boards/{board}": ("board",),
    "/sweeps/{sweep}": ("sweep",),
    # None is filled: test_pipelines.py has its own.
    "/pipelines/{pipeline}": ("pipeline",),
    "/models/{name}": ("model",),
    "/models/{model}": ("model",),
    "/endpoints/{name}": ("endpoint",),
    "/endpoints/{endpoint}": ("endpoint",),
    "/compute/{name}": ("cluster",),
    "/environments/{lock}": ("lock",),
    "/datasets/{name}": ("dataset",),
    "/datastores/{name}": ("datastore",),
    "/datastores/{store}": ("datastore",),
}
"""Which names stand in a noun's address; where none was filled, its list alone is tested."""
FIXED = {
    "/models/{version}": "1",
    "/models/{tab}": "files",
    "/models/{rest}": "model.txt",
    "/endpoints/{tab}": "try",
    "/datasets/{version}": "1",
    "/datastores/{rest}": "code/train.py",
    "/datastores/{path}": "code/train.py",
}
QUERIES = {"/compare": "?runs={run},{logged}", "/diff": "?from=1&to=2"}
"""What an address needs to show something."""
BELOW = {"logs": "azureml-logs/70_driver_log.txt", "files": "outputs/deep/table.csv"}
"""What stands below a tab of a run."""


def patterns() -> list[str]:
    """The addresses as the table of pages has them."""
    return _PAGE.findall((WEB / "places.ts").read_text())


def navigation(workspace: str) -> list[tuple[str, str]]:
    """Names and addresses of the navigation whose page there is."""
    shown = _SHOWN.findall((WEB / "places.ts").read_text())
    found = [(name, address.replace("${name}", workspace)) for name, address in shown]
    return [(name, address) for name, address in found if matches(address)]


def matches(address: str) -> bool:
    """Whether the table has a page for an address."""
    path = address.partition("?")[0]
    forms = (re.sub(r"\{\w+:path\}", ".+", one) for one in patterns())
    return any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", form), path) for form in forms)


def tabs() -> list[str]:
    """The tabs of a run."""
    text = (WEB / "pages/run.tsx").read_text()
    rows = re.search(r"const TABS[^{]*\{\n(.*?)\n\};", text, re.DOTALL)
    assert rows is not None, "pages/run.tsx has no table of tabs any more"
    return _TAB.findall(rows.group(1))


def addresses(names: dict[str, str], *, few: bool = False) -> list[str]:
    """Each page with each of what it can show.

    Args:
        names: What there is, as `filling.py` tells it.
        few: Each page once.
    """
    found: dict[str, None] = {}
    for pattern in patterns():
        known = list(_filled(pattern, names))
        for address in known[:1] if few and "{tab}" not in pattern else known:
            found[address] = None
    return list(found)


def _filled(pattern: str, names: dict[str, str]) -> Iterator[str]:
    noun = "/" + pattern.split("/")[1]
    if noun == "/runs" and "{tab}" in pattern:
        yield from _tabs(pattern, names)
        return
    done = [pattern.replace("{workspace}", names["workspace"])]
    for name, rest in re.findall(r"\{(\w+)(:path)?\}", done[0]):
        key = f"{noun}/{{{name}}}"
        assert key in FILLED or key in FIXED, f"say in {__file__} what {name} of {pattern} is"
        values = (
            [FIXED[key]] if key in FIXED else [names[one] for one in FILLED[key] if one in names]
        )
        done = [one.replace(f"{{{name}{rest}}}", value) for one in done for value in values]
    for one in done:
        query = next((text for part, text in QUERIES.items() if part in one), "")
        yield one + query.format(**names)


def _tabs(pattern: str, names: dict[str, str]) -> Iterator[str]:
    for tab in tabs():
        run = names[
            "gang" if tab in ("ranks", "system") else "logged" if tab == "metrics" else "run"
        ]
        if ":path" not in pattern:
            yield f"/runs/{names['workspace']}/{run}/{tab}"
        elif tab in BELOW:
            yield f"/runs/{names['workspace']}/{names['run']}/{tab}/{BELOW[tab]}"
