"""`ModelDataCollector`: what v1's entry scripts give their inputs and answers to.

Here the gateway keeps both itself, of services that were deployed with `collect_model_data=True` or
`enable_app_insights=True`. So a script is served as it is, and its log says where they lie.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple


class ModelDataCollector:
    """What a script tells of one kind of data, such as its inputs.

    Args:
        model_name: The model.
        designation: What the data is, such as `inputs`; also called `identifier`.
        feature_names: Names of its columns.
        others: Names of workspace, service and version, which v1 made its paths of.
    """

    def __init__(
        self,
        model_name: str,
        designation: str = "default",
        feature_names: Optional[Sequence[str]] = None,
        identifier: Optional[str] = None,
        **others: Any,
    ) -> None:
        del others
        self.model_name = model_name
        self.designation = identifier or designation
        self.feature_names = list(feature_names or ())
        # Said once and in the log: a line for each request would bury what the script prints.
        print(  # noqa: T201 - the log of the service is where people look for it
            f"ModelDataCollector: what is collected of {model_name}/{self.designation} is in the "
            "service's log of requests (collect_model_data=True), with each request's input and "
            "output; collect() itself keeps nothing"
        )

    def collect(self, input_data: Any, user_correlation_id: str = "") -> Tuple[bool, str]:
        """Take data, which the log of requests has already.

        Args:
            input_data: The data.
            user_correlation_id: Without effect: requests have ids of their own.

        Returns:
            That it went well, and no message, as v1 did.
        """
        del input_data, user_correlation_id
        return True, ""
