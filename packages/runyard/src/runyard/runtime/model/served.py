"""What every protocol sees of a loaded model.

A *flavor* loads one kind of model and calls it with inputs by name. `script` is one of them: its
`run` takes JSON. The worker asks `score` for what came to `/score`, and `protocols.answer` for all
others, which make their requests into a `call`:

    flavor.takes == ARRAYS   inputs and outputs are numpy arrays by name; text is of dtype object
    flavor.takes == VALUES   inputs are JSON values (lists of rows) by name; so are the outputs

An input that a request does not name goes to the only one that the signature has. A call raises
`Refused` where the request is at fault, and anything else where the model is.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional

if TYPE_CHECKING:
    from runyard.protocol.frames import Call
    from runyard.protocol.serving import WorkerSpec

ARRAYS, VALUES = "arrays", "values"
TENSORS = "tensors"
# The output of a model that gives its outputs no names.
ONLY_OUTPUT = "output_0"
BAD_REQUEST, FAILED = 400, 500


class TensorSpec(NamedTuple):
    """An input or an output.

    `datatype` is one of the Open Inference Protocol: BOOL, UINT8…UINT64, INT8…INT64, FP16, FP32,
    FP64, BYTES. A `shape` has -1 where any size fits; None: of any rank.
    """

    name: str
    datatype: str
    shape: Optional[List[int]]

    def to_plain(self) -> Dict[str, Any]:
        """The JSON that metadata shows."""
        # A model that takes any type is shown as one of texts, which can be of anything.
        plain: Dict[str, Any] = {"name": self.name, "datatype": self.datatype or "BYTES"}
        if self.shape is None:
            # The Open Inference Protocol has no word for it; TensorFlow's metadata have.
            return {**plain, "shape": [-1], "unknown_rank": True}
        return {**plain, "shape": self.shape}


class Signature(NamedTuple):
    """The inputs and outputs of one function of a model; `method` as TensorFlow names it."""

    inputs: List[TensorSpec]
    outputs: List[TensorSpec]
    method: str = "tensorflow/serving/predict"

    def to_plain(self) -> Dict[str, Any]:
        """The JSON that metadata shows."""
        return {
            "inputs": [each.to_plain() for each in self.inputs],
            "outputs": [each.to_plain() for each in self.outputs],
            "method": self.method,
        }


class Refused(Exception):
    """A request that cannot be answered, and what is wrong with it.

    Args:
        message: For the caller.
        status: Of the response.
    """

    def __init__(self, message: str, status: int = BAD_REQUEST) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Reply:
    """A response.

    Args:
        body: Its bytes.
        status: Its HTTP status.
        headers: By lower-case name. Without `content-type` it is `application/json`.
        failed: Whether the model has raised.
        rows: How many rows it is about, 0 where nobody counts.
    """

    __slots__ = ("body", "failed", "headers", "rows", "status")

    def __init__(
        self,
        body: bytes,
        status: int = 200,
        headers: Optional[Dict[str, str]] = None,
        failed: bool = False,
        rows: int = 0,
    ) -> None:
        self.body = body
        self.status = status
        self.headers = headers or {}
        self.failed = failed
        self.rows = rows


class Flavor:
    """How one kind of model is served; see the module for what calls take and give.

    Attributes:
        takes: ARRAYS or VALUES.
        framework: What serves, for people: `TensorFlow 2.21`.
        platform: The Open Inference Protocol's name of it: `tensorflow_savedmodel`.
        signatures: By name, in the order of the model.
        default: The name of the signature that is meant where none is named.
        batched: Whether calls may be gathered along the first axis.
        input: What `Ready` tells of it.
        swagger: The same.
        wants_headers: Whether calls to `/score` need all headers.
    """

    takes = ARRAYS
    input = TENSORS
    wants_headers = False
    framework = ""
    platform = ""
    default = ""
    batched = True

    def __init__(self) -> None:
        self.signatures: Dict[str, Signature] = {}
        self.swagger: Dict[str, Any] = {}

    def load(self, spec: WorkerSpec) -> Dict[str, Signature]:
        """Load the model; the working folder is the app root. Fills the attributes above.

        Returns:
            The signatures.
        """
        raise NotImplementedError

    def call(
        self,
        inputs: Dict[str, Any],
        signature: str = "",
        parameters: Optional[Dict[str, Any]] = None,
    ) -> Dict[str, Any]:
        """Have the model compute.

        Args:
            inputs: By name.
            signature: Which; "" for the default.
            parameters: What a protocol lets callers say beside the inputs, such as `method`.

        Returns:
            The outputs by name.

        Raises:
            Refused: The inputs do not fit.
        """
        raise NotImplementedError

    def score(self, call: Call, body: bytes) -> Reply:
        """Answer a request to `/score`.

        Args:
            call: What the gateway tells of it.
            body: Its body.
        """
        raise NotImplementedError

    def find(self, signature: str = "") -> Signature:
        """A signature by name, the default for "".

        Raises:
            Refused: There is none of that name.
        """
        name = signature or self.default
        if name in self.signatures:
            return self.signatures[name]
        known = ", ".join(sorted(self.signatures)) or "none"
        raise Refused(f"the model has no signature {name!r}; it has: {known}")


def note(text: str) -> None:
    """Print a line for the replica's log."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def message(text: str) -> bytes:
    """The JSON body of a refusal or a failure."""
    return json.dumps({"message": text}).encode("ascii")
