"""The rows of MLflow's table, and the function that answers each.

MLflow has its addresses twice, for programs below `/api` and for its own pages below `/ajax-api`.
Those of the default workspace are where MLflow has them, those of another below `/mlflow/<id>`, so
that a tracking URI names a workspace. A function `answer(asked)` gives an answer's fields; it is
named here and loaded when it is first asked for, for a service at rest has no use for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from runyard.protocol.route import CHANGES, CONTRIBUTOR, READER

_REPORTS = ("values", "inputs", "artifacts")
_REMOVAL = "artifacts.delete"
# What only reads, or refuses: whoever may read hears why, and takes the plain way.
_CHANGING_NOTHING = ("search", "get", "refuse")
ROOT = "/mlflow/{workspace}"
_PLAIN = "/api/2.0/mlflow"
# Where clients of MLflow 1 ask for the registry, which was new then.
_PREVIEW = "/api/2.0/preview/mlflow"
_REGISTRY = (_PLAIN + "/registered-models/", _PLAIN + "/model-versions/")
_FILES = "/api/2.0/mlflow-artifacts"
_NEWER = "/api/3.0/mlflow"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of MLflow's table.

    Args:
        name: `noun.verb`, of which the noun is the module that has the function.
        method: The HTTP method.
        url: The template of the whole path.
        largest: Bytes that a body may have.
        open: Whether anybody may ask.
        passive: Whether the request does not count as use of the service.
    """

    name: str
    method: str
    url: str
    largest: int = 16 << 20
    open: bool = False
    passive: bool = False

    @property
    def late(self) -> str:
        """The field that the function reads in its own way; see `asked.read`."""
        return "metrics" if self.name == "values.log_batch" else ""

    @property
    def needs(self) -> str:
        """The least role of a person that is enough."""
        return READER if self.reads else CONTRIBUTOR

    @property
    def reads(self) -> bool:
        """Whether nothing is changed."""
        return self.method == "GET" or self.name.partition(".")[2].startswith(_CHANGING_NOTHING)

    @property
    def audited(self) -> str:
        """What the audit log has of it: what is logged of a run is a report, and no change."""
        reported = self.name.partition(".")[0] in _REPORTS and self.name != _REMOVAL
        return "" if self.reads or reported else CHANGES


# Method, path and answering function; all below `/api/2.0/mlflow`. The lists are of MLflow 1, whose
# client knows them besides searches, and are the same.
_TABLE = """
POST   /experiments/create                    experiments.create
GET    /experiments/get                       experiments.get
GET    /experiments/get-by-name               experiments.get_by_name
GET    /experiments/search                    experiments.search
POST   /experiments/search                    experiments.search
GET    /experiments/list                      experiments.search
POST   /experiments/update                    experiments.update
POST   /experiments/delete                    experiments.delete
POST   /experiments/restore                   experiments.restore
POST   /experiments/set-experiment-tag        experiments.set_tag
POST   /experiments/delete-experiment-tag     experiments.delete_tag
POST   /experiments/search-datasets           inputs.search_datasets
POST   /runs/create                           runs.create
GET    /runs/get                              runs.get
POST   /runs/update                           runs.update
POST   /runs/delete                           runs.delete
POST   /runs/restore                          runs.restore
POST   /runs/search                           runs.search
POST   /runs/set-tag                          values.set_tag
POST   /runs/delete-tag                       values.delete_tag
POST   /runs/log-metric                       values.log_metric
POST   /runs/log-parameter                    values.log_param
POST   /runs/log-batch                        values.log_batch
POST   /runs/log-model                        values.log_model
POST   /runs/log-inputs                       inputs.log_inputs
POST   /runs/outputs                          inputs.log_outputs
GET    /metrics/get-history                   histories.get
GET    /metrics/get-history-bulk              histories.get_bulk
GET    /metrics/get-history-bulk-interval     histories.get_sampled
GET    /artifacts/list                        artifacts.list_
POST   /artifacts/presigned-upload-url        artifacts.refuse_presigned
POST   /artifacts/presigned-download-url      artifacts.refuse_presigned
POST   /logged-models                         logged_models.create
POST   /logged-models/search                  logged_models.search
GET    /logged-models/{model}                 logged_models.get
PATCH  /logged-models/{model}                 logged_models.finalize
DELETE /logged-models/{model}                 logged_models.delete
POST   /logged-models/{model}/params          logged_models.log_params
PATCH  /logged-models/{model}/tags            logged_models.set_tags
DELETE /logged-models/{model}/tags/{tag:path} logged_models.delete_tag
GET    /logged-models/{model}/artifacts/directories logged_models.list_artifacts
GET    /traces                                traces.search
POST   /traces                                traces.refuse
POST   /registered-models/create              registered.create
GET    /registered-models/get                 registered.get
GET    /registered-models/search              registered.search
GET    /registered-models/list                registered.search
POST   /registered-models/rename              registered.rename
PATCH  /registered-models/update              registered.update
DELETE /registered-models/delete              registered.delete
POST   /registered-models/get-latest-versions registered.get_latest_versions
GET    /registered-models/get-latest-versions registered.get_latest_versions
POST   /registered-models/set-tag             registered.set_tag
DELETE /registered-models/delete-tag          registered.delete_tag
POST   /registered-models/alias               registered.set_alias
DELETE /registered-models/alias               registered.delete_alias
GET    /registered-models/alias               registered.get_by_alias
POST   /model-versions/create                 versions.create
GET    /model-versions/get                    versions.get
GET    /model-versions/search                 versions.search
PATCH  /model-versions/update                 versions.update
DELETE /model-versions/delete                 versions.delete
POST   /model-versions/transition-stage       versions.transition
GET    /model-versions/get-download-uri       versions.get_download_uri
POST   /model-versions/set-tag                versions.set_tag
DELETE /model-versions/delete-tag             versions.delete_tag
"""
_TABLE_OF_FILES = """
POST   /mpu/create/{path:path}                artifacts.refuse_parts
POST   /mpu/complete/{path:path}              artifacts.refuse_parts
POST   /mpu/abort/{path:path}                 artifacts.refuse_parts
GET    /presigned/{path:path}                 artifacts.refuse_presigned
GET    /artifacts                             artifacts.list_folder
DELETE /artifacts/{path:path}                 artifacts.delete
"""
# These carry bytes: see `transfers`.
UPLOAD = Row("artifacts.upload", "PUT", _FILES + "/artifacts/{path:path}")
DOWNLOAD = Row("artifacts.download", "GET", _FILES + "/artifacts/{path:path}")
OF_RUN = Row("artifacts.of_run", "GET", "/get-artifact")
OF_VERSION = Row("artifacts.of_version", "GET", "/model-versions/get-artifact")
OF_MODEL = Row("artifacts.of_model", "GET", _PLAIN + "/logged-models/{model}/artifacts/files")
TO_RUN = Row("artifacts.to_run", "POST", _PLAIN + "/upload-artifact")
TRANSFERS = (UPLOAD, DOWNLOAD, OF_RUN, OF_MODEL, OF_VERSION, TO_RUN)
VERSION = Row("server.version", "GET", "/version", open=True, passive=True)
HEALTH = Row("server.health", "GET", "/health", open=True, passive=True)
INFO = Row("server.info", "GET", _NEWER + "/server-info", open=True, passive=True)
# The newer line of clients searches here, the older one where all else of MLflow's is.
TRACES = (
    Row("traces.search", "POST", _NEWER + "/traces/search"),
    Row("traces.refuse", "POST", _NEWER + "/traces"),
)


def rows() -> Iterator[Row]:
    """The rows whose answers are JSON, where MLflow has them."""
    yield from _read(_PLAIN, _TABLE)
    yield from _read(_FILES, _TABLE_OF_FILES)
    yield from (INFO, *TRACES)


def places(row: Row) -> Iterator[Row]:
    """A row at each of its addresses."""
    urls = [row.url]
    if row.url.startswith("/api/"):
        urls.append("/ajax-api/" + row.url.removeprefix("/api/"))
    if row.url.startswith(_REGISTRY):
        urls.append(_PREVIEW + row.url.removeprefix(_PLAIN))
    if row.url.startswith("/model-versions/"):
        # MLflow's server takes two slashes for one, and its pages ask so.
        urls.append("/" + row.url)
    for url in urls:
        for at in (url, ROOT + url):
            yield Row(row.name, row.method, at, row.largest, row.open, row.passive)


def _read(base: str, table: str) -> Iterator[Row]:
    for line in table.strip().splitlines():
        method, path, name = line.split()
        yield Row(name, method, base + path)
