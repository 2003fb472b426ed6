"""Images and JSON artifacts that are logged: files of the run, named by the metric."""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Optional

from runyard.protocol import escapes
from runyard.protocol.errors import AlreadyExists, Conflict
from runyard.sdk import run_files
from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from runyard.sdk.run_base import RunBase

HEADS = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
)
HEAD_BYTES = 512
MATRIX = "confusion_matrix"


def store(run: RunBase, name: str, path: Optional[str], plot: Any) -> str:
    """Send an image to the run and give its path there.

    Args:
        run: The run.
        name: The metric.
        path: An image file.
        plot: matplotlib.pyplot, or anything with `savefig`; one of the two is given.

    Raises:
        UserErrorException: None or both of `path` and `plot` are given, or the file is no image.
    """
    if (path is None) == (plot is None):
        raise UserErrorException("log_image takes exactly one of path and plot")
    if path is not None:
        local = run_files.existing(path)
        if not _is_image(local):
            raise UserErrorException(
                f"{path!r} is no image that is known here: png, jpeg, gif, bmp, webp, tiff, svg"
            )
        target = run_files.run_path(escapes.printable(local.name if local.is_absolute() else path))
        run_files.upload(run.service, run.id, [(target, local)])
        return target
    if not callable(getattr(plot, "savefig", None)):
        raise UserErrorException(
            f"plot must have a method savefig, as matplotlib.pyplot has; {type(plot).__name__} "
            "has none"
        )
    return _plotted(run, name, plot)


def _plotted(run: RunBase, name: str, plot: Any) -> str:
    with tempfile.TemporaryDirectory(prefix="runyard-") as folder:
        local = Path(folder) / "plot.png"
        plot.savefig(str(local), bbox_inches="tight", format="png")
        return _under_a_free_name(run, f"{name}_{int(time.time())}", ".png", local)


def _under_a_free_name(run: RunBase, stem: str, suffix: str, local: Path) -> str:
    """Send a file to the run under the first name that no other content has, and give that.

    Several of one name come within a second, from threads and processes: which name is free is
    the service's word. A name that leads through a file is written without its slashes.
    """
    for number in itertools.count(run._numbers.get(stem, 1)):
        more = "" if number == 1 else f"_{number}"
        target = run_files.run_path(escapes.printable(f"{stem}{more}{suffix}"))
        try:
            run_files.upload(run.service, run.id, [(target, local)])
        except UserErrorException as error:
            cause = error.__cause__
            beside = cause.details.get("beside", "") if isinstance(cause, Conflict) else ""
            if beside and target.startswith(f"{beside}/"):
                flat = stem.replace("\\", "/").replace("/", "_")
                return _under_a_free_name(run, flat, suffix, local)
            if not beside and not isinstance(cause, AlreadyExists):
                raise
        else:
            # The next of this name begins here: from 1 on, each would cost a request more.
            run._numbers[stem] = number
            return target
    raise AssertionError("one of all numbers is free")


def _is_image(path: Path) -> bool:
    with path.open("rb") as file:
        # Read from the bytes: names lie, and a browser shows what it gets.
        head = file.read(HEAD_BYTES)
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return head.startswith(HEADS) or webp or b"<svg" in head


def store_json(run: RunBase, name: str, value: Any, kind: str) -> str:
    """Send a value in the v1 SDK's JSON form to the run and give its path there.

    Args:
        run: The run.
        name: The metric.
        value: The dict, or its JSON text: `{"schema_type": …, "schema_version": …, "data": …}`.
            What is in `data` will do as well, and so will the matrix alone of a confusion matrix.
        kind: The schema type that is asked for.

    Raises:
        UserErrorException: The value has another form.
    """
    whole = _document(name, value, kind)
    try:
        text = json.dumps(whole, default=_plain)
    except (TypeError, ValueError) as error:
        raise UserErrorException(f"log of {kind} {name!r}: not JSON: {error}") from error
    with tempfile.TemporaryDirectory(prefix="runyard-") as folder:
        local = Path(folder) / "artifact.json"
        local.write_text(text, encoding="utf-8")
        return _under_a_free_name(run, name, "", local)


def _document(name: str, value: Any, kind: str) -> Dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise UserErrorException(f"log of {kind} {name!r}: not JSON: {error}") from error
    rows = value if isinstance(value, list) else getattr(value, "tolist", lambda: None)()
    if kind == MATRIX and isinstance(rows, list):
        value = {"class_labels": [str(number) for number in range(len(rows))], "matrix": rows}
    if not isinstance(value, dict):
        raise UserErrorException(
            f"log of {kind} {name!r}: a dict with schema_type {kind!r}, schema_version and data is "
            f"needed, not {value!r:.80}"
        )
    if value.get("schema_type") not in (None, kind):
        raise UserErrorException(
            f"log of {kind} {name!r}: its schema_type is {value['schema_type']!r}"
        )
    # v1 took what was given as it was, and its studio then showed nothing of it.
    return value if "data" in value else {"schema_type": kind, "data": value}


def _plain(value: Any) -> Any:
    """Arrays and numbers of numpy as JSON has them."""
    found = getattr(value, "tolist", None)
    if found is None:
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return found()
