"""`runyard endpoints` and `runyard models serve`, with endpoints that answer."""

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest, NotFound, WrongState
from runyard_server.cli import endpoint_changes, serving

pytestmark = pytest.mark.slow(seconds=12)

SCORE = """
import json
def init():
    print("init of sums")
def run(data):
    return [sum(row) for row in json.loads(data)["data"]]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and its script."""
    place = tmp_path_factory.mktemp("serving")
    (place / "score.py").write_text(SCORE)
    (place / "sums.txt").write_text("nothing")
    return place


@pytest.fixture
def sums(cli, folder, place):
    """The endpoint `sums`, served by the command."""
    cli.folder = folder
    # The service is other tests' as well, and what they have deleted goes in its own time.
    _clear(place.client)
    said = cli("models", "serve", "./sums.txt", "--script", "score.py")
    assert said.status == 0, said.err
    yield said
    _clear(place.client)


def _clear(client) -> None:
    """Delete all endpoints and wait until they are gone."""
    end = time.monotonic() + 60
    while found := list(client.endpoints.list()):
        for endpoint in found:
            # One that a test has deleted may go while it is read, or be going.
            with suppress(NotFound, WrongState):
                client.endpoints.delete(endpoint.name)
        assert time.monotonic() < end, found
        time.sleep(0.05)


def test_one_line_serves_a_file_and_says_how_to_go_on(cli, sums, folder) -> None:
    """Address, key, a call, the log, the end: each line that is printed can be typed."""
    lines = dict(line.split(maxsplit=1) for line in sums.out.splitlines() if line)
    assert lines["Serves"] == "sums:1 by score.py"
    assert "Runs in  this Python, as it is\n" in sums.out
    assert lines["Address"].startswith("http://127.0.0.1:")
    assert lines["Key"] == "KEY=$(runyard endpoints show sums --key)"
    assert lines["Call"].startswith(f"curl {lines['Address']}/score")
    assert lines["End"] == "runyard endpoints delete sums"
    assert "sums: ready at" in sums.err

    called = cli("endpoints", "call", "sums", '{"data": [[1, 2], [3, 4]]}')
    assert (json.loads(called.out), called.status) == ([3, 7], 0)
    (folder / "request.json").write_text('{"data": [[5]]}')
    assert json.loads(cli("endpoints", "call", "sums", "@request.json").out) == [5]
    through = cli("endpoints", "call", "sums", "@request.json", "--through-service")
    assert json.loads(through.out) == [5], through.err
    assert "init of sums" in cli("endpoints", "logs", "sums").out

    row = cli("endpoints", "list").out.splitlines()[1].split()
    assert row[:2] == ["sums", "Healthy"]
    shown = cli("endpoints", "show", "sums").out
    assert "sums:1 by score.py" in shown
    assert "ready" in shown
    key = cli("endpoints", "show", "sums", "--key").out.strip()
    assert len(key) == 44

    again = cli("models", "serve", "./sums.txt", "--script", "score.py")
    assert "sums:1 by score.py" in again.out
    deleted = cli("endpoints", "delete", "sums", "nothing")
    assert (deleted.status, deleted.out) == (3, "sums: deleted\n")
    assert "no endpoint 'nothing'" in deleted.err


def test_a_name_that_serves_something_else_is_not_taken(cli, sums, folder) -> None:
    """A model that happens to be called like another's endpoint replaces nothing by accident."""
    (folder / "other").mkdir()
    (folder / "other" / "sums.txt").write_text("else")
    cli("models", "serve", "./other/sums.txt", "--name", "others", "--script", "score.py")
    said = cli("models", "serve", "others", "--name", "sums", "--script", "score.py")
    assert said.status == 0
    refused = cli("models", "serve", "sums", "--script", "score.py")
    assert refused.status == 1
    assert "'sums' that serves others; --name chooses another name" in refused.err


def test_it_is_changed_at_the_prompt(cli, sums) -> None:
    """Another script, two replicas, and back; each says how it then is."""
    (cli.folder / "double.py").write_text(SCORE.replace("sum(row)", "2 * sum(row)"))
    changed = cli("endpoints", "update", "sums", "--script", "double.py")
    assert changed.status == 0, changed.err
    assert changed.out.startswith("sums: Healthy at")
    assert json.loads(cli("endpoints", "call", "sums", '{"data": [[4]]}').out) == [8]
    assert cli("endpoints", "update", "sums", "--rollback").status == 0
    assert json.loads(cli("endpoints", "call", "sums", '{"data": [[4]]}').out) == [4]
    scaled = json.loads(cli("endpoints", "scale", "sums", "0-3", "--json").out)
    scaling = scaled["deployments"][0]["spec"]["scaling"]
    assert (scaling["min_replicas"], scaling["max_replicas"]) == (0, 3)


def test_another_gets_the_traffic_step_by_step(cli, sums, place) -> None:
    """At the prompt, too, a deployment is promoted, watched for errors and times."""
    unknown = cli("endpoints", "promote", "sums", "new")
    assert (unknown.status, "no deployment 'new'; there are: main" in unknown.err) == (2, True)
    refused = cli("endpoints", "promote", "sums", "main", "--max-p99", "soon")
    assert "--max-p99 is 'soon'; give seconds" in refused.err

    added = cli("endpoints", "add", "sums", "new", "--model", "./sums.txt", "--script", "score.py")
    assert (added.status, added.out.startswith("sums: Healthy at")) == (0, True), added.err
    again = cli("endpoints", "add", "sums", "new", "--model", "./sums.txt", "--script", "score.py")
    assert "sums has a deployment 'new'" in again.err
    asked = cli("endpoints", "call", "sums", '{"data": [[4]]}', "--deployment", "new")
    assert json.loads(asked.out) == [4]
    took = place.client.endpoints.get("sums").deployments[1].latencies
    assert sum(took.counts) == 1
    assert len(took.counts) == len(took.bounds) + 1
    given = ("--within", "30ms", "--max-error", "0", "--max-p99", "1s")
    promoted = cli("endpoints", "promote", "sums", "new", *given)
    assert (promoted.status, promoted.err) == (0, "new: 5 %\nnew: 25 %\nnew: 50 %\nnew: 100 %\n")
    main, new = place.client.endpoints.get("sums").deployments
    assert (main.percent, new.percent, new.is_default) == (0, 100, True)


def test_its_log_is_followed_until_it_is_deleted(cli, sums, place) -> None:
    """What its workers print comes as they print it, that of the next revision too."""
    program = "from runyard_server.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-P", "-c", program, "endpoints", "logs", "sums", "--follow"],
        cwd=cli.folder,
        env=cli.variables,
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        assert any("init of sums" in line for line in following.stdout)
        (cli.folder / "loud.py").write_text(SCORE.replace("init of sums", "init of the next"))
        assert cli("endpoints", "update", "sums", "--script", "loud.py").status == 0
        assert any("init of the next" in line for line in following.stdout)
        place.client.endpoints.delete("sums")
        following.stdout.read()
    assert following.returncode == 0
    gone = cli("endpoints", "logs", "sums", "--follow")
    assert (gone.status, "no endpoint 'sums'" in gone.err) == (3, True)


def test_what_fails_says_what_to_do(cli, sums) -> None:
    """The model's own error, a missing file, a wrong name: each is one message with a next step."""
    raised = cli("endpoints", "call", "sums", '{"data": [["a"]]}', "--through-service")
    assert (raised.status, "sums answered 500" in raised.err) == (1, True), raised.err
    raised = cli("endpoints", "call", "sums", '{"data": [["a"]]}')
    assert (raised.status, "TypeError" in raised.err) == (1, True)
    assert "DATA is missing" in cli("endpoints", "call", "sums").err
    missing = cli("endpoints", "call", "sums", "@nothing.json")
    assert (missing.status, "cannot be read" in missing.err) == (2, True)
    assert "nearest: 'sums'" in cli("endpoints", "show", "smus").err
    refused = cli("models", "serve", "./sums.txt", "--name", "more")
    assert (refused.status, "script=" in refused.err) == (2, False)
    assert "give --script with init() and run()" in refused.err
    nothing = cli("models", "serve", "smus")
    assert (nothing.status, "no file or folder 'smus' here" in nothing.err) == (3, True)
    assert "say what to change" in cli("endpoints", "update", "sums").err
    unknown = cli("endpoints", "show", "sums", "--sample")
    assert (unknown.status, "nothing tells what sums takes" in unknown.err) == (3, True)


def test_names_are_completed(cli, sums) -> None:
    """Endpoints by name, deployments of the one that was named."""

    def offered(*words: str) -> list[str]:
        said = cli(
            _RUNYARD_COMPLETE="complete_bash",
            COMP_WORDS="\n".join(["runyard", *words]),
            COMP_CWORD=str(len(words)),
        )
        return said.out.split()

    assert offered("endpoints", "show", "s") == ["sums"]
    assert offered("endpoints", "logs", "sums", "-d", "") == ["main"]
    assert "serve" in offered("models", "")


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("digits", "digits"),
        ("digits:3", "digits"),
        ("TF_DNN.mnist", "tf-dnn-mnist"),
        ("./out/model.joblib", "model"),
        ("export/1", "export"),
        ("2019_model", "model-2019-model"),
        ("m", "m-model"),
        ("a" * 40, "a" * 32),
    ],
)
def test_an_endpoint_is_called_like_its_model(model: str, name: str) -> None:
    """Names of models are freer than those of endpoints, and each gives one that fits."""
    assert serving.name_of(model) == name


def test_who_stops_watching_is_told_that_it_goes_on(cli, folder, place) -> None:
    """Ctrl-C ends the wait and not the endpoint: how to look at it and how to end it is said."""
    (folder / "slow.py").write_text(
        "import time\ndef init(): time.sleep(600)\ndef run(data): pass\n"
    )
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from runyard_server.cli import main; main()"
    )
    words = ["models", "serve", "./sums.txt", "--name", "slow", "--script", "slow.py"]
    with subprocess.Popen(
        [sys.executable, "-P", "-c", program, *words],
        cwd=folder,
        env=cli.variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as given:
        assert given.stderr is not None
        assert given.stderr.readline().startswith("slow: ")
        given.send_signal(signal.SIGINT)
        said = given.stderr.read()
    assert given.returncode == 130
    assert "slow goes on without you: `runyard endpoints show slow` tells how it is" in said
    place.client.endpoints.delete("slow")


def test_numbers_are_read_as_they_are_written() -> None:
    """Ranges of replicas, percents with and without their sign."""
    assert endpoint_changes.replicas_of("2") == 2
    assert endpoint_changes.replicas_of("0-4") == (0, 4)
    assert endpoint_changes.percents(["a=90%,b=10"]) == {"a": 90, "b": 10}
    for wrong in ("two", "1-2-3", "-1", "0", "0-0", "3-1", ""):
        with pytest.raises(InvalidRequest, match=r"REPLICAS is .* 2, 1-4, or 0-4"):
            endpoint_changes.replicas_of(wrong)
    with pytest.raises(InvalidRequest):
        endpoint_changes.percents(["candidate"])


def test_a_package_needs_an_environment_of_packages(cli, folder) -> None:
    """What runs in this Python as it is would run nowhere else: the refusal says what to give."""
    cli.folder = folder
    asked = ("models", "package", "./sums.txt", "--script", "score.py", "--to", "image")
    refused = cli(*asked)
    assert refused.status != 0
    assert "pip freeze > requirements.txt" in refused.err
    assert not (folder / "image").exists()
    other = cli(*asked[:-1], ".")
    assert "has other files" in other.err
