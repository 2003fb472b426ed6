"""The studio's sources stay small, and what is built of them is what users get."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from runyard_server.testing.services import running_service

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "packages/runyard-server"
WEB = SERVER / "web"
STATIC = "runyard_server/faces/studio/static"
LINES = 14_263
# The port of `discard`, where nothing listens.
NOWHERE = "http://127.0.0.1:9/"
LINE = "The studio is not built"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service's wheel, as it is built."""
    folder = tmp_path_factory.mktemp("wheel")
    command = ["uv", "build", "--quiet", "--wheel", "--out-dir", str(folder), str(SERVER)]
    subprocess.run([sys.executable, "-m", *command], check=True)
    return next(folder.glob("*.whl"))


def test_the_pages_stay_small() -> None:
    """Python people own them: the sources end at 14,263 lines, the libraries at three."""
    sources = [
        path
        for path in (WEB / "src").rglob("*.ts*")
        if path.name != "protocol.ts" and ".test." not in path.name
    ]
    assert sum(path.read_text().count("\n") for path in sources) <= LINES
    package = json.loads((WEB / "package.json").read_text())
    assert sorted(package["dependencies"]) == ["@preact/signals", "preact", "uplot"]


def test_the_lock_of_the_pages_names_hashes_and_no_host() -> None:
    """Whoever builds from a mirror uses the lock as it is, and gets the same bytes."""
    lock = json.loads((WEB / "package-lock.json").read_text())["packages"]
    fetched = {name: row for name, row in lock.items() if name}
    assert len(fetched) > 20
    assert all(row["integrity"].startswith("sha512-") for row in fetched.values())
    assert not any("resolved" in row for row in fetched.values())


def test_the_wheel_has_the_pages_and_no_sources(wheel: Path) -> None:
    """Who installs it has pages, their licences, and nothing that only a build needs."""
    names = zipfile.ZipFile(wheel).namelist()
    pages = [name for name in names if name.startswith(STATIC)]
    assert {f"{STATIC}/index.html", f"{STATIC}/assets/licenses.md"} <= set(pages)
    assert any(name.endswith(".js") for name in pages)
    assert not [name for name in names if name.endswith((".ts", ".tsx")) or "/web/" in name]


def test_no_page_is_heavy(wheel: Path) -> None:
    """The scripts of any page come within 60 kB, and those of all within 153, packed as sent."""
    built = zipfile.ZipFile(wheel)
    folder = f"{STATIC}/assets/"
    scripts = {
        name.removeprefix(folder): built.read(name).decode()
        for name in built.namelist()
        if name.startswith(folder) and name.endswith(".js") and "widget" not in name
    }
    packed = {name: len(gzip.compress(text.encode())) for name, text in scripts.items()}

    def brought(name: str, found: frozenset[str] = frozenset()) -> frozenset[str]:
        """A script with those that it cannot begin without."""
        for other in re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', scripts[name]):
            if other not in found:
                found |= brought(other, found | {name})
        return found | {name}

    (first,) = (name for name in scripts if name.startswith("index-"))
    pages = set(re.findall(r"import\([`\"]\./([^`\")]+\.js)", scripts[first]))
    assert len(pages) > 15
    weights = {page: sum(packed[one] for one in brought(first) | brought(page)) for page in pages}
    assert {page: weight for page, weight in weights.items() if weight > 60_000} == {}
    assert sum(packed.values()) <= 153_000


def test_an_installed_wheel_serves_the_pages_without_node(wheel: Path, tmp_path: Path) -> None:
    """Pages need nothing but the wheel: no node, no file of a checkout."""
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    bare = {"PYTHONPATH": str(site), "PATH": str(tmp_path)}
    with running_service(tmp_path / "home", variables=bare) as service:
        page = _read(service.url + "/")
        files = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
        assert len(files) > 1
        for file in files:
            assert _read(service.url + file) == (site / STATIC / file[1:]).read_text()


def test_without_npm_the_demo_goes_on_and_wheels_do_not(tmp_path: Path) -> None:
    """`make demo` says in one line what is missing; what is given to others is never half."""
    if not (ROOT / ".tools/bin/uv").exists():
        pytest.fail("run `make studio` first: this test borrows its tools")
    folder = tmp_path / "clone"
    _clone(folder)
    shown = _make(folder, "demo")
    assert shown.returncode == 0, shown.stdout
    assert shown.stdout.splitlines() == [shown.stdout.splitlines()[0], "the demo runs"]
    assert shown.stdout.startswith(LINE)
    refused = _make(folder, "wheels")
    assert refused.returncode
    assert "npm's registry" in refused.stdout
    assert not list((folder / "dist").glob("*.whl"))


def _clone(folder: Path) -> None:
    """What is under version control, with the tools of this checkout and a demo that ends soon."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "Makefile", "tools", "packages", "requirements.lock"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".tools").symlink_to(ROOT / ".tools")
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho the demo runs\n")
    python.chmod(0o755)
    (folder / ".venv/.ready").touch()


def _make(folder: Path, verb: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("npm_")}
    return subprocess.run(
        # What make was told that runs these tests is no matter of this one.
        ["make", "--no-print-directory", "MAKEFLAGS=", verb],
        cwd=folder,
        env={
            **{name: value for name, value in kept.items() if "MAKE" not in name},
            "npm_config_registry": NOWHERE,
            "npm_config_cache": str(folder / "npm"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _read(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return str(answer.read().decode())
