"""Errors as v1 users know them: several lines around the message, and a failed run's error as JSON.

Programs that import `azureml` get these; whoever uses the names of `runyard` alone reads plain
sentences.
"""

from __future__ import annotations

from runyard.sdk.exceptions import Telling, tell_by

# typing costs more than this module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    from runyard.sdk.exceptions import ActivityFailedException, AzureMLException


class Envelope(Telling):
    """Shows errors in the shape of the v1 SDK."""

    def text(self, error: AzureMLException, sentence: str) -> str:
        """The class, the message, the cause, and the facts as JSON."""
        import json

        response = json.dumps({"error": error.response()}, indent=4, default=str)
        return (
            f"{type(error).__name__}:\n\tMessage: {sentence}\n"
            f"\tInnerException {error.inner_exception}\n\tErrorResponse \n{response}"
        )

    def shown(self, error: AzureMLException) -> str:
        """The same lines: notebooks show them."""
        return str(error)

    def failure(self, error: ActivityFailedException) -> str:
        """The run's error as JSON, which scripts parse."""
        return error.as_json

    def ending(self, error: Dict[str, Any]) -> str:
        """The sentence, and below it the facts that it does not say."""
        import json

        said = {"message", "logTail", "details"}
        facts = {name: value for name, value in error["error"].items() if name not in said}
        rest = {"error": facts, "time": error["time"]}
        return f"{error['error']['message']}\n{json.dumps(rest, indent=4)}"


def use() -> None:
    """Show the errors of this program in the shape of the v1 SDK."""
    tell_by(Envelope())
