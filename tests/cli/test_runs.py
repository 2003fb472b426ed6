"""`runyard runs`: lists, shows, follows and cancels what the service knows."""

import json
import threading

import pytest

from runyard.protocol import routes
from runyard.protocol.files import DRIVER_LOG, LogQuery


def test_list_shows_whole_ids_in_a_pipe(cli, run_id) -> None:
    """`grep` and `cut` see the id, however narrow the terminal was."""
    said = cli("runs", "list", COLUMNS="")
    assert said.status == 0
    assert run_id in said.out
    assert "\x1b" not in said.out


def test_list_as_json_is_the_protocol(cli, run_id) -> None:
    """Scripts rely on the records' field names."""
    said = cli("runs", "list", "--json", "--experiment", "shown", "-n", "1000")
    page = json.loads(said.out)
    found = next(item for item in page["items"] if item["id"] == run_id)
    assert found["status"] == "Running"
    assert page["next_page_token"] is None


def test_list_stops_at_the_limit_and_says_where_to_go_on(cli, place, run_id) -> None:
    """A long history does not flood the terminal."""
    assert run_id
    place.client.call(routes.RUNS_START, body=routes.StartRun(experiment="shown"))
    page = json.loads(cli("runs", "list", "--json", "-n", "1").out)
    assert len(page["items"]) == 1
    assert page["next_page_token"]


def test_filters_reach_the_service(cli, run_id) -> None:
    """What was filtered out is not shown, and emptiness is said on stderr."""
    said = cli("runs", "list", "--status", "Failed", "--experiment", "shown")
    assert (said.status, said.out) == (0, "")
    assert "no such run" in said.err
    assert run_id in cli("runs", "list", "--active").out


def test_show_tells_status_and_files(cli, run_id) -> None:
    """One look answers: how is it, and what did it leave."""
    said = cli("runs", "show", run_id)
    assert said.status == 0
    for part in (run_id, "Running", "shown", DRIVER_LOG):
        assert part in said.out


def test_show_as_json_is_the_record(cli, run_id) -> None:
    """Scripts ask for one run's fields."""
    assert json.loads(cli("runs", "show", run_id, "--json").out)["id"] == run_id


def test_an_unknown_run_is_status_3(cli) -> None:
    """A script can tell a missing run from a broken service."""
    said = cli("runs", "show", "nothing_1_2")
    assert said.status == 3
    assert "nothing_1_2" in said.err
    assert "Traceback" not in said.err


def test_errors_as_json_have_their_code(cli) -> None:
    """With --json the error is the wire's, on stderr, so that stdout stays parseable."""
    said = cli("runs", "show", "nothing_1_2", "--json")
    assert (said.status, said.out) == (3, "")
    assert json.loads(said.err)["error"]["code"] == "run_not_found"


def test_logs_are_the_script_s_bytes(cli, run_id) -> None:
    """Nothing is added to what the script wrote."""
    assert cli("runs", "logs", run_id).out == "line one\nline two\n"


@pytest.mark.parametrize(
    ("lines", "shown"), [("1", "line two\n"), ("2", "line one\nline two\n"), ("9", "line one\n")]
)
def test_the_last_lines_of_logs(cli, run_id, lines, shown) -> None:
    """The end of a long log is seen without all that stands before it."""
    said = cli("runs", "logs", run_id, "--tail", lines)
    assert said.out.startswith(shown)
    assert said.out.endswith("line two\n")


def test_logs_as_json_say_where_each_piece_stands(cli, run_id) -> None:
    """A program can store pieces and go on later."""
    (line,) = cli("runs", "logs", run_id, "--json").out.splitlines()
    assert json.loads(line) == {
        "path": DRIVER_LOG,
        "offset": 0,
        "text": "line one\nline two\n",
    }


def test_logs_of_another_file_that_is_missing(cli, run_id) -> None:
    """A wrong file name is status 3 and is named."""
    said = cli("runs", "logs", run_id, "--file", "logs/none.txt")
    assert said.status == 3
    assert "logs/none.txt" in said.err


def test_follow_prints_what_comes_and_ends_with_the_run(cli, place, run_id) -> None:
    """Lines appear once each, and the command returns when the run has ended."""

    def go_on() -> None:
        more = b"line three\n"
        query = LogQuery(offset=len("line one\nline two\n"))
        place.client.send(
            routes.LOGS_APPEND, run_id, DRIVER_LOG, data=more, size=len(more), query=query
        )
        place.client.call(routes.RUNS_COMPLETE, run_id)

    timer = threading.Timer(0.7, go_on)
    timer.start()
    said = cli("runs", "logs", run_id, "--follow")
    timer.join()
    assert said.out == "line one\nline two\nline three\n"
    assert said.status == 0


def test_cancel_goes_on_after_an_unknown_run(cli, place, run_id) -> None:
    """One wrong id among several does not keep the others running."""
    said = cli("runs", "cancel", "nothing_1_2", run_id)
    assert said.status == 3
    assert run_id in said.out
    status = place.client.call(routes.RUNS_GET, run_id).status
    assert status in ("CancelRequested", "Canceled")
