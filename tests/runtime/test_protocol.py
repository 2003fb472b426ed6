"""The agent writes out what `runyard.protocol` defines; here the two are compared."""

import re
from dataclasses import fields
from types import SimpleNamespace

import pytest

from runyard.protocol import (
    PREFIX,
    codec,
    data,
    datastores,
    files,
    jobs,
    mlflow,
    parallel,
    routes,
    runs,
    service,
    workspaces,
)
from runyard.runtime import names
from runyard.runtime.job import Job
from runyard.runtime.parallel import node
from runyard.runtime.service import JobService


def test_the_names_are_the_protocols():
    """A word that changed in the protocol and not in the agent would break jobs silently."""
    for source in (jobs, files, data, service):
        for name in [n for n in vars(source) if n.isupper() and hasattr(names, n)]:
            assert getattr(names, name) == getattr(source, name)
    assert names.PREFIX == PREFIX
    assert names.LOCAL_TARGET == runs.LOCAL_TARGET
    told = [names.MLFLOW_URI, names.MLFLOW_TOKEN, names.MLFLOW_RUN, names.MLFLOW_EXPERIMENT]
    assert told == [
        mlflow.URI_VARIABLE,
        mlflow.TOKEN_VARIABLE,
        mlflow.RUN_VARIABLE,
        mlflow.EXPERIMENT_VARIABLE,
    ]
    assert (names.MLFLOW_OTHERS, names.DEFAULT_WORKSPACE) == (
        mlflow.OTHERS,
        workspaces.DEFAULT_WORKSPACE,
    )
    assert names.DATA_VARIABLE_PREFIX == data.VARIABLE_PREFIX
    assert names.DRAFT.startswith(datastores.DRAFT_PREFIX)
    for state in ("PREPARING", "RUNNING", "FINALIZING"):
        assert getattr(names, state) == getattr(jobs, f"STATE_{state}")
    for state in ("RUNNING", "COMPLETED", "FAILED", "STOPPED"):
        assert getattr(names, f"TASK_{state}") == getattr(jobs, f"TASK_{state}")
    assert runs.LauncherSpec().kind == names.SINGLE
    assert parallel.KIND == names.PARALLEL
    assert parallel.APPEND_ROW == node.APPEND_ROW
    for outcome in ("COMPLETED", "FAILED", "CANCELED", "STOPPED"):
        assert getattr(names, outcome) == getattr(jobs, f"OUTCOME_{outcome}")


def test_a_job_has_the_fields_of_its_record(room):
    """Every field of JobSpec is an attribute of the agent's Job, with the same value."""
    record = room.write_job("pass", cpus=3)
    job = Job.load(str(room.run_folder / "job.json"))
    assert vars(job) == codec.to_plain(record)


def test_missing_fields_have_the_records_defaults(room):
    """An older service may leave out what has a default."""
    record = room.write_job("pass", blobs="", cpus=1)
    plain = codec.to_plain(record)
    for name in ("node", "node_name", "cpus", "gpus", "attempt", "data", "connection_file"):
        del plain[name]
    plain["from_the_future"] = 1
    assert vars(Job(plain)) == {**codec.to_plain(record), "connection_file": ""}


class Recorder:
    """Takes requests in place of the wire."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def ask(self, method: str, target: str, *_rest: object, **_more: object) -> bytes:
        self.asked.append((method, target))
        return (
            b'{"cancel": false, "size": 0, "lines": 0, "digests": [], "refused": [], "value": ""}'
        )

    def fetch(self, target: str, _sink: object) -> None:
        self.asked.append(("GET", target))


@pytest.mark.parametrize(
    ("route", "ask"),
    [
        (routes.JOBS_REPORT, lambda s: s.report({})),
        (routes.GANGS_JOIN, lambda s: s.join({})),
        (routes.GANGS_ORDERS, lambda s: s.orders({"stop": 7}, 1.0)),
        (routes.COMMANDS_START, lambda s: s.start_command(1, {})),
        (routes.COMMANDS_TAKE, lambda s: s.take_commands(0)),
        (routes.COMMANDS_GET, lambda s: s.command(1, 2)),
        (routes.COMMANDS_END, lambda s: s.end_command(2, 0)),
        (routes.PARALLEL_CUT, lambda s: s.cut_batches({})),
        (routes.PARALLEL_EXCHANGE, lambda s: s.exchange_batches({})),
        (routes.PARALLEL_RESULTS, lambda s: s.batch_results(7)),
        (routes.JOBS_FINISH, lambda s: s.finish({})),
        (routes.LOGS_APPEND, lambda s: s.append_log("a b/c.txt", 7, b"x")),
        (routes.METRICS_APPEND, lambda s: s.append_lines("1-ff", 7, b"x")),
        (routes.PARAMETERS_LOG, lambda s: s.log_parameters({})),
        (routes.RUNS_CHANGE, lambda s: s.add_properties({})),
        (routes.SECRETS_READ, lambda s: s.read_secret("a b")),
        (routes.BLOBS_MISSING, lambda s: s.missing([])),
        (routes.BLOBS_WRITE, lambda s: s.write_blob("ab", SimpleNamespace(), 1)),
        (routes.BLOBS_READ, lambda s: s.read_blob("ab", SimpleNamespace())),
        (routes.BLOBS_WRITE_MANY, lambda s: s.write_blobs(b"")),
        (routes.BLOBS_READ_MANY, lambda s: s.read_blobs(["ab"])),
        (routes.FILES_REGISTER, lambda s: s.register([])),
    ],
)
def test_requests_are_rows_of_the_table(room, route, ask):
    """Method, path and query of each request are the protocol's."""
    service = JobService(Job(codec.to_plain(room.write_job("pass"))))
    service._wire = Recorder()
    ask(service)
    ((method, target),) = service._wire.asked
    path, _, query = target.partition("?")
    pattern = re.sub(r"\{\w+:path\}", r".+", route.url)
    pattern = re.sub(r"\{\w+\}", r"[^/]+", pattern)
    assert method == route.method
    assert re.fullmatch(pattern, path)
    assert " " not in target
    if query:
        name, _, value = query.partition("=")
        assert name in {field.name for field in fields(route.query)}
        assert value == "7"
