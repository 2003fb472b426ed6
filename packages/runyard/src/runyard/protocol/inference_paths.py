"""Which protocol, verb and model a path of an endpoint's port names.

    /score                                      score       score
    /v1/models/<m>[/versions/<v>]:predict       tf-serving  predict
    /v2/models/<m>[/versions/<v>]/infer         open-inference infer
    /invocations                                mlflow      invocations

and everything beside them that the tools of each protocol ask: health, metadata, readiness, lists.
`find` is pure and remembers what it was asked, so that the hot path costs one look into a dict.
"""

import re
from functools import lru_cache
from typing import NamedTuple, Optional, Pattern, Tuple
from urllib.parse import unquote

from runyard.protocol.endpoints import MLFLOW, OPEN_INFERENCE, SCORE, TF_SERVING

# What is answered whatever protocols an endpoint has: health, figures, documents.
ALWAYS = ""

GET, POST, EITHER = ("GET", "HEAD"), ("POST",), ("GET", "HEAD", "POST")

# Verbs that a worker answers; all others are answered without it.
SCORES, PREDICT, CLASSIFY, REGRESS = "score", "predict", "classify", "regress"
INFER, INVOCATIONS = "infer", "invocations"
CALLS = frozenset({SCORES, PREDICT, CLASSIFY, REGRESS, INFER, INVOCATIONS})

HOME, SWAGGER, METRICS = "home", "swagger", "metrics"
TF_MODELS, TF_STATUS, TF_METADATA = "tf-models", "tf-status", "tf-metadata"
SERVER, LIVE, SERVER_READY = "server", "live", "server-ready"
MODEL, MODEL_READY, MODEL_CONFIG = "model", "model-ready", "model-config"
MODEL_STATS, INDEX, UNSUPPORTED = "model-stats", "index", "unsupported"
PING, MLFLOW_VERSION = "ping", "mlflow-version"
# What tools ask without a key.
HEALTH = frozenset({HOME, LIVE, SERVER, SERVER_READY, MODEL_READY, PING, MLFLOW_VERSION})

_SLASHES, _ENCODED = re.compile("^/{2,}"), re.compile("%[0-9A-Fa-f]{2}")
# As RFC 3986 has them: an address with one of these encoded is the same as without.
_UNRESERVED = re.compile("[A-Za-z0-9._~-]")
_REMEMBERED = 4096
_LONGEST = 2048


class Destination(NamedTuple):
    """What a path names.

    Args:
        protocol: One of `PROTOCOLS`, or `ALWAYS`.
        verb: What is asked; one of `CALLS` is for a worker.
        methods: The HTTP methods that this path has; others are answered with 405.
        model: The model's name, decoded; "" where the path names none.
        version: The model's version; "" where the path names none.
        label: TF Serving's label: here the name of a deployment.
        service: The endpoint's name in the path of AKS.
    """

    protocol: str
    verb: str
    methods: Tuple[str, ...]
    model: str = ""
    version: str = ""
    label: str = ""
    service: str = ""

    def named(self) -> str:
        """The model that is asked for, in words."""
        more = f", version {self.version}" if self.version else ""
        return f"{self.model}{more}{f', label {self.label}' if self.label else ''}"


def find(path: str) -> Optional[Destination]:
    """What the path names, or None: 404.

    Args:
        path: As it came on the wire, percent-encoded, without its query.
    """
    return _find(path) if len(path) <= _LONGEST else None


@lru_cache(maxsize=_REMEMBERED)
def _find(path: str) -> Optional[Destination]:
    # Clients that join addresses add a slash at the end or before; some encode too much.
    plain = _SLASHES.sub("/", path)
    plain = plain[:-1] if len(plain) > 1 and plain.endswith("/") else plain
    plain = _ENCODED.sub(lambda found: _decoded(found.group()), plain)
    for pattern, protocol, verb, methods in _PATHS:
        found = pattern.fullmatch(plain)
        if found:
            names = {name: unquote(text) for name, text in found.groupdict("").items()}
            return Destination(protocol, verb, methods, **names)
    return None


def _decoded(text: str) -> str:
    letter = unquote(text)
    return letter if _UNRESERVED.match(letter) else text


def origin_form(target: bytes) -> bytes:
    """The path and query of a request's target that names the host too, as proxies' clients do.

    Args:
        target: As it came on the wire.
    """
    _, slash, path = target.partition(b"://")[2].partition(b"/")
    return slash + path if slash else target


_TF_MODEL = "/v1/models/{model}(?:/versions/{version}|/labels/{label})?"
_V2_MODEL = "/v2/models/{model}(?:/versions/{version})?"


def _pattern(template: str) -> Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/:]+)", template))


_PATHS = tuple(
    (_pattern(template), protocol, verb, methods)
    for template, protocol, verb, methods in (
        ("/score", SCORE, SCORES, EITHER),
        ("/api/v1/service/{service}/score", SCORE, SCORES, EITHER),
        ("/", ALWAYS, HOME, GET),
        ("/api/v1/service/{service}", ALWAYS, HOME, GET),
        ("/swagger\\.json", ALWAYS, SWAGGER, GET),
        ("/api/v1/service/{service}/swagger\\.json", ALWAYS, SWAGGER, GET),
        ("/metrics", ALWAYS, METRICS, GET),
        ("/monitoring/prometheus/metrics", ALWAYS, METRICS, GET),
        (_TF_MODEL + ":predict", TF_SERVING, PREDICT, POST),
        (_TF_MODEL + ":classify", TF_SERVING, CLASSIFY, POST),
        (_TF_MODEL + ":regress", TF_SERVING, REGRESS, POST),
        (_TF_MODEL, TF_SERVING, TF_STATUS, GET),
        (_TF_MODEL + "/metadata", TF_SERVING, TF_METADATA, GET),
        ("/v1/models", TF_SERVING, TF_MODELS, GET),
        (_V2_MODEL + "/infer", OPEN_INFERENCE, INFER, POST),
        ("/v2", OPEN_INFERENCE, SERVER, GET),
        ("/v2/health/live", OPEN_INFERENCE, LIVE, GET),
        ("/v2/health/ready", OPEN_INFERENCE, SERVER_READY, GET),
        ("/v2/models/stats", OPEN_INFERENCE, MODEL_STATS, GET),
        (_V2_MODEL, OPEN_INFERENCE, MODEL, GET),
        (_V2_MODEL + "/ready", OPEN_INFERENCE, MODEL_READY, GET),
        (_V2_MODEL + "/config", OPEN_INFERENCE, MODEL_CONFIG, GET),
        (_V2_MODEL + "/stats", OPEN_INFERENCE, MODEL_STATS, GET),
        ("/v2/repository/index", OPEN_INFERENCE, INDEX, POST),
        ("/v2/repository/models/{model}/(?:un)?load", OPEN_INFERENCE, UNSUPPORTED, POST),
        ("/v2/(?:system|cuda)sharedmemory/.+", OPEN_INFERENCE, UNSUPPORTED, EITHER),
        ("/v2/(?:trace/setting|logging)", OPEN_INFERENCE, UNSUPPORTED, EITHER),
        ("/v2/models/{model}/trace/setting", OPEN_INFERENCE, UNSUPPORTED, EITHER),
        ("/invocations", MLFLOW, INVOCATIONS, POST),
        ("/(?:ping|health)", MLFLOW, PING, GET),
        ("/version", MLFLOW, MLFLOW_VERSION, GET),
    )
)
