"""Models for tests of the protocols, which take and give what a test says and load nothing."""

from collections.abc import Callable
from typing import Any

from runyard.protocol.frames import Call
from runyard.protocol.serving import WorkerSpec
from runyard.runtime.model.served import (
    ARRAYS,
    ONLY_OUTPUT,
    VALUES,
    Flavor,
    Reply,
    Signature,
    TensorSpec,
)


class Known(Flavor):
    """A flavor made of a function, which keeps what it was called with."""

    def __init__(self, takes: str, function: Callable[..., Any], *inputs: TensorSpec) -> None:
        super().__init__()
        self.takes = takes
        self.function = function
        self.seen: dict[str, Any] = {}
        self.parameters: dict[str, Any] = {}
        self.signatures = {"serving_default": Signature(list(inputs), [])}
        self.default = "serving_default"

    def load(self, spec: WorkerSpec) -> dict[str, Signature]:
        """Nothing is to load."""
        del spec
        return self.signatures

    def call(
        self,
        inputs: dict[str, Any],
        signature: str = "",
        parameters: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Call the function."""
        self.find(signature if self.takes == ARRAYS else "")
        self.seen, self.parameters = inputs, parameters or {}
        found = self.function(inputs)
        return found if isinstance(found, dict) else {ONLY_OUTPUT: found}

    def score(self, call: Call, body: bytes) -> Reply:
        """Is not asked here."""
        raise NotImplementedError


def arrays(function: Callable[..., Any], *inputs: TensorSpec) -> Known:
    """A model that takes arrays."""
    return Known(ARRAYS, function, *inputs)


def script(function: Callable[..., Any], *names: str) -> Known:
    """A script, with the names of its arguments."""
    return Known(
        VALUES, lambda given: {ONLY_OUTPUT: function(given)}, *map(_any, names or ["data"])
    )


def _any(name: str) -> TensorSpec:
    return TensorSpec(name, "BYTES", None)
