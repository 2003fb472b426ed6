"""Environments of conda packages: solved from a channel made here, installed beside pip's."""

import functools
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from runyard.protocol import conda_locks
from runyard.protocol.environments import EnvironmentDefinition, LockRecord
from runyard.runtime import variables
from runyard.sdk import run_environments
from runyard_server.environments import (
    EnvironmentFailed,
    Environments,
    IndexUnreachable,
    conda_rule,
    mpi,
)
from runyard_server.environments import inputs as normal
from runyard_server.environments.on_nodes import NodeEnvironments

from .conda_channel import OWN, PLATFORM, Channel, copied
from .conftest import LIGHT, Offline, Room

pytestmark = pytest.mark.slow(seconds=8)
PASSWORD = "mirrors-own-word"
DAY_2019, DAY_2021 = 1_560_000_000, 1_620_000_000


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    """A Python, a program in the old format, and a module of two years."""
    made = Channel(tmp_path_factory.mktemp("conda") / "lab")
    made.python(day=DAY_2019)
    made.module("alpha", "1.0", day=DAY_2019)
    made.module("alpha", "1.5", day=DAY_2021)
    tool = {
        "bin/tool": b"#!/bin/sh\necho tool of $TOOL_DATA\n",
        "etc/conda/activate.d/tool.sh": b"export TOOL_DATA=$CONDA_PREFIX/share/tool\n",
        "etc/conda/env_vars.d/tool.json": b'{"TOOL_MODE": "quick"}',
    }
    made.package("tool", "3.2", files=tool, old_format=True, day=DAY_2019)
    # Long enough for its builder to be met at work.
    made.package("slow", "1", files={"etc/conda/activate.d/slow.sh": b"sleep 1\n"}, day=DAY_2019)
    made.package("needs-old", "1", "alpha <1.2", day=DAY_2019)
    made.package("needs-driver", "1", "__cuda >=11", day=DAY_2019)
    return made


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """What rattler and uv have fetched: one cache for all tests, as on a machine."""
    return tmp_path_factory.mktemp("packages")


@pytest.fixture
def conda(room, packages):
    """The room, with that cache."""
    shutil.rmtree(room.packages)
    room.packages.symlink_to(packages)
    return room


def asked(channel, *specs: str, pip=(), **more: str):
    """A definition with conda packages of a channel."""
    given = {"conda": list(specs), "channels": [channel.address], **more}
    return EnvironmentDefinition(pip=list(pip), **given)


def settings(room: Room, **changes: object) -> Environments:
    """The room's environments under other settings."""
    made = replace(Offline(), **changes)
    return Environments(room.folder, room.packages, LIGHT, made, room.datastores)


def test_conda_and_pip_are_one_lock_and_one_environment(conda, channel):
    """What conda gives is not installed again by pip, and what pip adds stands beside it."""
    pip = [f"--find-links {conda.wheels}", "--no-index", "beta"]
    lock = conda.lock(asked(channel, "tool=3", "alpha=1.0", pip=pip))
    solved = {each.name: each for each in conda_locks.packages(lock.requirements)}
    assert {name: each.version for name, each in solved.items()} == {
        "alpha": "1.0",
        "python": OWN,
        "tool": "3.2",
    }
    assert all(len(each.sha256) == 64 for each in solved.values())
    pins = [line for line in lock.requirements.splitlines() if line[:1].isalpha()]
    assert [pin.split()[0] for pin in pins] == ["beta==1.0"]
    said = "\n".join(conda.lines)
    assert f"made with conda: its channel {channel.address} is an address" in said
    assert "conda packages for linux" in said
    assert "__glibc=" in said
    environment = conda.realise(lock)
    code = "import alpha, beta, sys; print(alpha.version, beta.version, sys.prefix)"
    shown = subprocess.check_output([environment.interpreter, "-c", code], text=True)
    assert shown.split() == ["1.0", "1.0", environment.folder]
    assert variables._activated(environment.folder) == {
        "CONDA_PREFIX": environment.folder,
        "TOOL_DATA": f"{environment.folder}/share/tool",
        "TOOL_MODE": "quick",
    }
    tool = Path(environment.folder, "bin", "tool")
    cached = next((conda.packages / "conda" / "pkgs").glob("tool-3.2-h1_0*/bin/tool"))
    assert cached.samefile(tool)
    assert "linked tool 3.2" in conda.log
    assert "the conda packages: done" in conda.log


def test_a_locked_environment_is_made_again_as_it_was(conda, channel, tmp_path):
    """Its addresses and hashes are all that it needs: the channel may have much more by then."""
    own = copied(channel, tmp_path / "lab")
    lock = conda.lock(asked(own, "alpha=1.0"))
    own.module("alpha", "1.0.1")
    entries = [each.entry for each in conda_locks.packages(lock.requirements)]
    asked_again = run_environments._definition(asked(own, "alpha", python="3.7"), lock)
    assert (asked_again.conda, asked_again.python) == (entries, "")
    assert mpi.packages(asked_again) == {"alpha", "python"}
    again = conda.lock(asked_again)
    assert (again.digest, again.requirements) == (lock.digest, lock.requirements)
    shutil.rmtree(conda.packages / "conda" / "index")
    environment = conda.realise(again)
    code = "import alpha; print(alpha.version)"
    assert subprocess.check_output([environment.interpreter, "-c", code], text=True) == "1.0\n"


def test_what_pip_needs_and_conda_does_not_give_is_told(conda, channel):
    """A second alpha over the first would break one of them; both lists are named."""
    pip = [f"--find-links {conda.wheels}", "--no-index", "alpha>=2"]
    with pytest.raises(
        EnvironmentFailed, match=r"^conda gives alpha 1\.0, and pip's part"
    ) as failed:
        conda.lock(asked(channel, "alpha=1.0", pip=pip))
    assert "file://" not in failed.value.message


@pytest.mark.parametrize(
    ("specs", "told"),
    [
        (["alpha=1.5", "needs-old"], ["alpha", "needs-old"]),
        (["allpha"], ["allpha is in none of the channels"]),
        (["alpha=9"], ["alpha 1.0, 1.5"]),
        (["needs-driver"], ["__cuda"]),
    ],
)
def test_what_does_not_fit_is_told_with_its_channel(conda, channel, specs, told):
    """Which package, and which channel was asked."""
    with pytest.raises(EnvironmentFailed) as failed:
        conda.lock(asked(channel, *specs))
    assert all(each in failed.value.message for each in (*told, channel.address))


def test_packages_are_of_a_day_where_the_channel_has_days(conda, channel):
    """As with pip: what came later does not exist."""
    lock = conda.lock(asked(channel, "alpha", as_of="2020-01-01"))
    assert "alpha-1.0-" in lock.requirements
    assert "alpha-1.5-" in conda.lock(asked(channel, "alpha", as_of="now")).requirements


@contextmanager
def served(folder):
    """The address of a folder over HTTP, with a password in it."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://me:{PASSWORD}@127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_mirror_gives_the_channel_s_files_and_keeps_its_password(conda, channel):
    """Locks name the channel; where it is away, what it had last counts, and the log says so."""
    far = "https://nowhere.invalid/lab"
    definition = EnvironmentDefinition(conda=["alpha"], channels=[far])
    with served(channel.folder) as mirror:
        mirrored = settings(conda, conda_mirrors={far: mirror})
        lock = mirrored.lock(definition, conda.lines.append)
        shutil.rmtree(conda.packages / "conda" / "pkgs", ignore_errors=True)
        made = mirrored.realise(lock, conda.log_path, lambda: False)
    assert f"# conda {far}/noarch/alpha-1.5-" in lock.requirements
    files = [path for path in Path(made.folder).rglob("*") if path.is_file()]
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
    assert PASSWORD not in "\n".join([lock.requirements, conda.log, *conda.lines])
    again = mirrored.lock(replace(definition, conda=["alpha=1.0"]), conda.lines.append)
    assert "/noarch/alpha-1.0-" in again.requirements
    assert any("what they had when they were read last is used" in line for line in conda.lines)
    assert PASSWORD not in "\n".join(conda.lines)


def test_a_channel_that_never_was_there_is_told(conda, tmp_path):
    """With its place."""
    never = tmp_path / "never"
    with pytest.raises((EnvironmentFailed, IndexUnreachable), match=str(never)):
        conda.lock(EnvironmentDefinition(conda=["alpha"], channels=[str(never)]))


def test_a_file_that_is_not_what_was_locked_is_refused(conda, channel, tmp_path):
    """A channel may be changed by others; nothing of the environment is left then."""
    own = copied(channel, tmp_path / "lab")
    path = own.module("gamma", "1.0")
    lock = conda.lock(asked(own, "gamma"))
    own.module("gamma", "1.0", day=1)
    assert path.exists()
    with pytest.raises(EnvironmentFailed, match=r"gamma-1\.0-py_0\.conda has the SHA-256"):
        conda.realise(lock)
    assert not Path(conda.folder, lock.digest).exists()


def test_a_builder_killed_among_conda_packages_leaves_nothing_that_counts(conda, channel):
    """The next one begins again, and has all of it."""
    lock = conda.lock(asked(channel, "alpha=1.5", "slow"))
    killed = []

    def kill() -> bool:
        # Asked again and again while the builder works; killed as soon as a package is there.
        folder = Path(conda.folder, lock.digest)
        if not killed and (folder / "conda-meta").exists():
            killed.append(_builder(folder))
            os.kill(killed[0], signal.SIGKILL)
        return False

    with pytest.raises(IndexUnreachable, match="SIGKILL"):
        conda.realise(lock, kill)
    assert conda.environments.realised(lock) is None
    environment = conda.realise(lock)
    code = "import alpha; print(alpha.version)"
    assert subprocess.check_output([environment.interpreter, "-c", code], text=True) == "1.5\n"


def _builder(folder: Path) -> int:
    """The process that makes an environment."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        words = entry.read_bytes().split(b"\0") if entry.exists() else []
        if b"realise" in words and str(folder).encode() in words:
            return int(entry.parent.name)
    raise AssertionError("there is no builder")


def test_what_only_conda_has_is_made_with_conda(conda, channel, tmp_path, monkeypatch):
    """A program, or a name that pip does not have; without rattler lists of v1 run as before."""
    own = copied(channel, tmp_path / "lab")
    own.package("git", "2.4", files={"bin/git": b"#!/bin/sh\necho git\n"})
    usual = settings(conda, conda_channels=[own.address])
    lock = usual.lock(EnvironmentDefinition(conda=["git"]), conda.lines.append)
    assert "/git-2.4-" in lock.requirements
    pip = [f"--find-links {conda.wheels}", "--no-index"]
    told: list[str] = []
    lock = usual.lock(EnvironmentDefinition(conda=["tool", "alpha"], pip=pip), told.append)
    assert {each.name for each in conda_locks.packages(lock.requirements)} >= {"tool", "alpha"}
    assert any(line.startswith("pip's index has no tool:") for line in told)
    without = settings(conda, conda="never", conda_channels=[own.address])
    assert "git" not in without.lock(EnvironmentDefinition(conda=["git"]), told.append).requirements
    assert any("git, which only conda has, is left out" in line for line in told)
    monkeypatch.setattr(conda_rule, "has_rattler", lambda: False)
    assert not usual.lock(EnvironmentDefinition(conda=["git"]), told.append).requirements
    with pytest.raises(EnvironmentFailed, match=r"py-rattler, .* 'runyard-server\[conda\]'"):
        conda.lock(asked(own, "alpha"))


@pytest.mark.parametrize(
    ("definition", "channels"),
    [
        ({"conda": ["numpy", "cudatoolkit=10.0"], "channels": ["conda-forge", "fastai"]}, None),
        ({"channels": ["conda-forge"]}, None),
        ({"conda": ["gcc_linux-64"]}, ("https://conda.anaconda.org/usual",)),
        (
            {"conda": ["numpy"], "channels": ["https://x.example/c/", "defaults"]},
            (
                "https://x.example/c",
                "https://repo.anaconda.com/pkgs/main",
                "https://repo.anaconda.com/pkgs/r",
            ),
        ),
        ({"channels": ["/srv/c", "nodefaults"]}, ("file:///srv/c",)),
    ],
)
def test_names_stay_with_pip_and_addresses_mean_conda(definition, channels):
    """What v1 wrote into each of its files changes nothing; whoever gives an address means it."""
    found = normal.read(
        EnvironmentDefinition(**definition), gpu=False, conda_channels=["usual"]
    ).conda
    assert (found and found.channels) == channels


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ({"conda": ["x"], "channels": ["./lab"]}, "beside the client's files"),
        (
            {"conda": ["x"], "channels": ["s3://key:secret@bucket/lab"]},
            r"'s3://\*\*\*@bucket/lab' is reached by s3://, which is not known",
        ),
        ({"conda": ["-r a.txt"], "channels": ["/lab"]}, "'-r a.txt' is no conda package"),
    ],
)
def test_what_cannot_be_meant_is_refused(definition, told):
    """Before anything starts."""
    with pytest.raises(EnvironmentFailed, match=told):
        normal.read(EnvironmentDefinition(**definition), gpu=False)


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        (["https://c.example/l/noarch/a-1-0.conda"], "has no hash"),
        (["https://c.example/l/noarch/a-1-0.conda#" + "0" * 64, "numpy"], "'numpy' stands beside"),
        (["https://c.example/l/noarch/a-1-0.conda#" + "0" * 64], "no Python"),
    ],
)
def test_half_a_list_of_addresses_is_refused(conda, entries, told):
    """Without hashes anything might come, and nothing is solved beside what is locked."""
    with pytest.raises(EnvironmentFailed, match=told):
        conda.lock(EnvironmentDefinition(conda=entries))


def test_what_is_known_of_a_channel_s_password_is_in_no_log(conda):
    """Neither why conda is asked nor what differs from before shows it to readers of build logs."""
    channel = "http://ann:correct-horse@127.0.0.1:9/t/my-own-token/lab"
    definition = EnvironmentDefinition(conda=["alpha"], channels=[channel])
    with pytest.raises(IndexUnreachable) as failed:
        conda.lock(definition)
    told = "\n".join([*conda.lines, str(failed.value)])
    assert "127.0.0.1:9/t/***/lab is an address" in told
    assert "correct-horse" not in told
    assert "my-own-token" not in told


def test_a_channel_s_own_password_is_kept_apart_from_the_lock(conda, channel):
    """The lock names the channel alone, and is made again with what is kept of it."""
    with served(channel.folder) as private:
        definition = EnvironmentDefinition(conda=["alpha=1.0"], channels=[private])
        lock = conda.lock(definition)
        public = private.replace(f"me:{PASSWORD}@", "")
        assert f"# conda {public}/noarch/alpha-1.0-" in lock.requirements
        kept = next((conda.folder / ".accounts").iterdir())
        assert PASSWORD in kept.read_text()
        assert kept.stat().st_mode & 0o777 == 0o600
        entries = [each.entry for each in conda_locks.packages(lock.requirements)]
        again = conda.lock(EnvironmentDefinition(conda=entries, as_of="now"))
        assert again.digest == lock.digest
        shutil.rmtree(conda.packages / "conda" / "pkgs", ignore_errors=True)
        made = conda.realise(again)
        told = "\n".join([again.requirements, conda.log, *conda.lines])
        files = [path for path in Path(made.folder).rglob("*") if path.is_file()]
        assert PASSWORD not in told
        assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
        inputs = [path.read_text() for path in (conda.folder / ".inputs").iterdir()]
        assert PASSWORD not in "".join(inputs)


def test_nodes_that_make_their_environments_refuse_conda_before_they_are_taken(tmp_path):
    """They have no rattler, so a run is told while it is prepared, and not on a node."""
    nodes = NodeEnvironments(mpi.this_machine())
    entry = f"# conda https://c.example/l/noarch/alpha-1.0-py_0.conda#sha256:{'a' * 64}\n"
    lock = LockRecord("digest", "3.11.4", entry)
    assert nodes.realised(lock) is None
    with pytest.raises(EnvironmentFailed, match=r"has conda packages \(alpha\), and the nodes"):
        nodes.realise(lock, tmp_path / "log", lambda: False)


def test_files_for_another_kind_of_machine_are_refused_at_once(conda):
    """They would be installed, and fail when something of them is started."""
    entry = f"https://conda.example/win-64/python-3.11.4-h1_0.conda#sha256:{'a' * 64}"
    with pytest.raises(
        EnvironmentFailed, match=rf"is for win-64, and the machine .* is {PLATFORM}"
    ):
        conda.environments.definition_hash(EnvironmentDefinition(conda=[entry]))


def test_rattler_among_the_user_s_own_packages_is_seen(conda, tmp_path):
    """What the service sees its program sees, too; what it cannot see is told with what to do."""
    program = Path(conda_rule.__file__).with_name("conda_program.py")
    fake = tmp_path / "user"
    code = "import site; site.main(); print(site.getusersitepackages())"
    given = {"PYTHONUSERBASE": str(fake), "PATH": os.environ["PATH"]}
    python = getattr(sys, "_base_executable", sys.executable)
    place = subprocess.check_output([python, "-c", code], env=given, text=True).strip()
    Path(place, "rattler").mkdir(parents=True)
    Path(place, "rattler", "__init__.py").write_text("raise ImportError('seen')")
    asked = [python, "-E", "-P", str(program), "solve"]
    done = subprocess.run(asked, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "py-rattler cannot be loaded (seen); install it beside the service" in done.stderr


def test_a_locked_python_that_is_no_release_is_refused(conda):
    """By its version, before anything is fetched."""
    entry = f"https://conda.example/linux-64/python-3.14.0rc1-h1_0.conda#sha256:{'a' * 64}"
    with pytest.raises(EnvironmentFailed, match=r"3\.14\.0rc1, which is no release"):
        conda.lock(EnvironmentDefinition(conda=[entry]))


def test_rattler_that_is_installed_meanwhile_is_found(monkeypatch):
    """Who did what a refusal said need not start the service anew."""
    with monkeypatch.context() as missing:
        missing.setattr(conda_rule, "find_spec", lambda _name: None)
        assert not conda_rule.has_rattler()
    assert conda_rule.has_rattler()
