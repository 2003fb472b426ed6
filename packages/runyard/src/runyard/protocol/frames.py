"""Frames: what gateway and model worker say to one another, over a Unix socket or TCP.

    u32 length of body | u32 length of meta | u32 id | u8 kind | meta (JSON) | body

All numbers are little endian. A call and its answer have the same id; many are in flight on one
connection, and answers come in any order. Whoever does not know a kind answers it with ERROR. Meta
may be empty: then all its fields have their defaults.

The replica dials. Its first frame is HELLO with a `Hello` as meta, which the gateway answers with
WELCOME, or with ERROR and a closed connection. Two kinds of connection come from each replica: the
supervisor's, which lives as long as the replica, and the worker's, once for each worker process.

Meta may be left out where all of it has its default: of a call to `/score` by POST, of an answer of
200. An answer without a `content-type` among its headers is `application/json`.

A worker ends like this: either side sends DRAIN; the gateway's is the last frame that it sends on
that connection. The worker answers what came before it, closes, and ends.
"""

import struct
from dataclasses import field
from typing import Any, Dict, List

from runyard.protocol.endpoints import Batching, Limits, Liveness
from runyard.protocol.records import dataclass

VERSION = 1
HEAD = struct.Struct("<IIIB")
# Swagger documents with samples are the largest; whatever says that it has more is no frame.
LARGEST_META = 1 << 20
_REUSED_BYTES = 8 << 20

# From either side at the start. WELCOME has a `Welcome` as meta, and comes again when that changes.
HELLO, WELCOME, ERROR = 1, 2, 3
# From the gateway: a call; that its client has gone (it is answered all the same, with 499 where it
# had not begun, so that the gateway knows what is free); that nothing follows, so that the worker
# is to finish and end. A worker asks for the last one by sending it, too.
CALL, CANCEL, DRAIN = 10, 11, 12
# From the worker: an answer; that `init()` is done, with a `Ready` as meta; that it is alive.
ANSWER, READY, BEAT = 20, 21, 22
# From the supervisor: that a worker has begun, or has died, with a `WorkerNews` as meta.
NEWS = 30

SUPERVISOR, WORKER = "supervisor", "worker"

# Below the folder of the gateway's sockets: a file of each worker with the number of the call that
# it has begun last (u32), after all those before it; or this one: that is not known.
MARKS_FOLDER = "marks"
UNMARKED = (1 << 32) - 1


@dataclass(frozen=True)
class Hello:
    """Who dials: `token` is the replica's own, `run` its id.

    `mark` is the name of its file below `MARKS_FOLDER`, which the gateway opens and removes.
    """

    role: str
    workspace: str
    run: str
    token: str
    version: int = VERSION
    pid: int = 0
    mark: str = ""


@dataclass(frozen=True)
class Welcome:
    """What holds for the deployment now; a replica's file has what held when it was made."""

    limits: Limits = field(default_factory=Limits)
    batching: Batching = field(default_factory=Batching)
    liveness: Liveness = field(default_factory=Liveness)


@dataclass(frozen=True)
class Ready:
    """What a worker can be asked, once its model is loaded.

    Args:
        input: How `run` takes its input: `text`, `fields` (inference_schema), `raw`, or `tensors`.
        swagger: The OpenAPI documents by version, `2`, `3` and `3.1`.
        signatures: Inputs and outputs by signature, as the protocols' metadata show them:
            `{"inputs": [{"name", "datatype", "shape"}], "outputs": [...]}`; with `unknown_rank` the
            shape is `[-1]`.
        batched: Whether calls are gathered: then up to `max_batch` may be sent at once for each of
            `concurrency`.
        framework: What serves, for people: `script on Python 3.7.16`, `TensorFlow 2.21`.
        init_seconds: What `init()` took.
        platform: The Open Inference Protocol's name of the framework.
        headers: Whether calls are to have all headers (`request_headers`).
        ordered: Whether each call's answer is written to the socket before the next call begins,
            but for those that run at once, and where a mark tells what has begun. Then calls that
            a dead worker had not begun are known, and another gets them.
    """

    input: str = "text"
    swagger: Dict[str, Any] = field(default_factory=dict)
    signatures: Dict[str, Any] = field(default_factory=dict)
    batched: bool = False
    framework: str = ""
    init_seconds: float = 0.0
    platform: str = ""
    headers: bool = False
    ordered: bool = False


@dataclass(frozen=True)
class Call:
    """The meta of a call; its body is the request's.

    Args:
        protocol: One of `protocol.endpoints.PROTOCOLS`.
        verb: `score`; `predict`, `classify`, `regress`; `infer`; `invocations`.
        method: The HTTP method.
        path: The request's path with its query, as it came.
        headers: Its headers by lower-case name: those a protocol needs, all for raw input and where
            `run` asks for `request_headers`. Without any the type of the body is JSON.
        model: The model that the path names, "" where it names none.
        version: The version of the model that answers.
        signature: Which signature, "" for the default.
        legacy_status: The status of a `run` that raises.
        explain: Whether the answer may tell what was raised.
    """

    protocol: str = "score"
    verb: str = "score"
    method: str = "POST"
    path: str = "/score"
    headers: Dict[str, str] = field(default_factory=dict)
    model: str = ""
    version: str = ""
    signature: str = ""
    legacy_status: int = 500
    explain: bool = True


@dataclass(frozen=True)
class Answer:
    """The meta of an answer; its body is the response's.

    `run_us` is the time that `run` took in microseconds; `failed` whether it raised. Without a
    `content-type` the body is JSON.
    """

    status: int = 200
    headers: Dict[str, str] = field(default_factory=dict)
    run_us: int = 0
    failed: bool = False
    rows: int = 0


@dataclass(frozen=True)
class WorkerNews:
    """What became of a worker process.

    Args:
        event: `started`; `died`; `giving-up` (died for the fifth time within 60 s of its start, or
            `final`; it is still tried once a minute); `draining` (the replica is about to end).
        pid: Its process id.
        exit_code: How it ended; negative: the signal that ended it.
        reason: In words: the exception of `init()`, or `killed for memory (…)`.
        log_tail: The end of what it printed.
        deaths: How many there were.
        again_seconds: When the next one is started.
        final: Nothing is likely to help: `init()` has raised, or taken too long, twice in a row.
    """

    event: str
    pid: int = 0
    exit_code: int = 0
    reason: str = ""
    log_tail: List[str] = field(default_factory=list)
    deaths: int = 0
    again_seconds: float = 0.0
    final: bool = False


def reuse_memory() -> None:
    """Have this process keep the memory of large bodies for the next ones.

    The C library gives back at once what it had mapped by itself, and maps anew, page by page, what
    the next body needs: for a megabyte that takes longer than all copies of it. Once something of
    that size was freed it keeps what is smaller, and twice as much. Nothing is written to it here.
    """
    bytes(_REUSED_BYTES)


def pack(kind: int, number: int, meta: bytes = b"", body: bytes = b"") -> bytes:
    """Make a frame.

    Args:
        kind: What it is.
        number: The id of the call, 0 where there is none.
        meta: JSON, or nothing.
        body: The bytes of a request or a response.
    """
    return HEAD.pack(len(body), len(meta), number, kind) + meta + body
