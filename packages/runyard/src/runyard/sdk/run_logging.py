"""The part of a run that logs: metrics, images, and what was logged."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from runyard.client import callers
from runyard.protocol import escapes
from runyard.protocol.timeouts import FLUSH_SECONDS
from runyard.sdk import metrics as shapes
from runyard.sdk import sessions
from runyard.sdk.exceptions import UserErrorException, translated
from runyard.sdk.run_base import RunBase


class RunLogging(RunBase):
    """A run to which one can log; see `sdk.sessions` for how the lines travel."""

    def log(self, name: str, value: Any, description: str = "", step: Optional[int] = None) -> None:
        """Log a value under a name; the same name again appends.

        Args:
            name: The metric.
            value: A number, text, boolean, None, or a numpy scalar or tensor with one element.
            description: Taken for old scripts' sake.
            step: The step it belongs to.

        Raises:
            UserErrorException: The value is a series (`log_list` takes those), or is too large.
        """
        # Written out for the common case: this is the call whose cost is felt in a training loop.
        if type(value) not in shapes.PLAIN:
            value = shapes.scalar(name, value)
        if type(name) is not str or not name or len(name) > shapes.LONGEST_NAME:
            name = shapes.check_name(name)
        if step is not None and type(step) is not int:
            step = int(step)
        session = self._session or self._open_session()
        try:
            session.spool.scalar(name, value, step)
        except ValueError as error:
            raise _too_large(name, error) from None

    def log_list(self, name: str, value: Any, description: str = "") -> None:
        """Log a list (or any iterable) of values of one type.

        Args:
            name: Its name.
            value: What is logged.
            description: Taken for old scripts' sake.
        """
        self._log(name, "list", shapes.series(name, value))

    def log_row(self, name: str, description: Optional[str] = None, **kwargs: Any) -> None:
        """Log one row of a table: `log_row("y over x", x=1, y=0.4)`."""
        self._log(
            name, "row", {key: shapes.scalar(name, v, within=True) for key, v in kwargs.items()}
        )

    def log_table(self, name: str, value: Dict[str, Any], description: str = "") -> None:
        """Log a table: a dict of column name to list, all of one length.

        Args:
            name: Its name.
            value: What is logged.
            description: Taken for old scripts' sake.
        """
        self._log(name, "table", shapes.table(name, value))

    def log_image(
        self, name: str, path: Optional[str] = None, plot: Any = None, description: str = ""
    ) -> None:
        """Log an image, which becomes a file of the run.

        Args:
            name: The metric.
            path: An image file (png, jpeg, gif, bmp, webp, svg or tiff).
            plot: matplotlib.pyplot, or anything with `savefig`; exactly one of the two is given.
            description: Taken for old scripts' sake.

        Raises:
            UserErrorException: None or both are given, or the file is no image.
        """
        from runyard.sdk import run_images

        self._log(name, "image", run_images.store(self, shapes.check_name(name), path, plot))

    def log_confusion_matrix(self, name: str, value: Any, description: str = "") -> None:
        """Log a confusion matrix in the v1 SDK's JSON form.

        Args:
            name: Its name.
            value: What is logged.
            description: Taken for old scripts' sake.
        """
        self._log_artifact(name, value, "confusion_matrix")

    def log_accuracy_table(self, name: str, value: Any, description: str = "") -> None:
        """Log an accuracy table in the v1 SDK's JSON form.

        Args:
            name: Its name.
            value: What is logged.
            description: Taken for old scripts' sake.
        """
        self._log_artifact(name, value, "accuracy_table")

    def log_residuals(self, name: str, value: Any, description: str = "") -> None:
        """Log residuals in the v1 SDK's JSON form.

        Args:
            name: Its name.
            value: What is logged.
            description: Taken for old scripts' sake.
        """
        self._log_artifact(name, value, "residuals")

    def log_predictions(self, name: str, value: Any, description: str = "") -> None:
        """Log predictions in the v1 SDK's JSON form.

        Args:
            name: Its name.
            value: What is logged.
            description: Taken for old scripts' sake.
        """
        self._log_artifact(name, value, "predictions")

    def log_parameter(self, name: str, value: Any) -> None:
        """Record a parameter: what the run was given to do its work with; once.

        Args:
            name: The parameter.
            value: Its value, which becomes text.

        Raises:
            UserErrorException: It is there with another value already.
        """
        self.log_parameters({name: value})

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Record parameters, all or none; the script's arguments are there from the submission.

        Raises:
            UserErrorException: One is there with another value already, or it is no mapping.
        """
        if not isinstance(parameters, Mapping):
            raise UserErrorException(
                f"parameters are a dict of names and values, not a {type(parameters).__name__}"
            )
        texts = {str(name): str(value) for name, value in parameters.items()}
        with translated():
            self.service.parameters.log(self._id, texts)

    def get_parameters(self) -> Dict[str, str]:
        """The parameters by name, read now: the script's arguments and what was recorded."""
        with translated():
            return self.service.parameters.list(self._id)

    def get_metrics(
        self,
        name: Optional[str] = None,
        recursive: bool = False,
        run_type: Optional[str] = None,
        populate: bool = False,
    ) -> Dict[str, Any]:
        """Read what was logged, by name.

        Args:
            name: Only this metric.
            recursive: Give a dict run id -> metrics, of this run and all below it.
            run_type: With `recursive`, only runs of this type.
            populate: Give images as bytes in place of their addresses.
        """
        from runyard.sdk import run_metrics

        name = None if name is None else escapes.printable(name)
        # What is read is to have what this process wrote last.
        self.flush()
        # In a job its agent brings what killed processes have left.
        if not self._in_own_job():
            sessions.bring_of(self.service, self._id)
        if not recursive:
            sessions.flush_of((self._id,))
            return run_metrics.read(self.service, self._id, name, populate)
        runs = [one for one in self._with_all_below() if run_type in (None, one._read().run_type)]
        ids = [one.id for one in runs]
        sessions.flush_of(ids)
        return run_metrics.read_many(self.service, ids, name, populate)

    def flush(self, timeout_seconds: int = FLUSH_SECONDS) -> None:
        """Wait until the service has everything that this process logged to the run.

        Args:
            timeout_seconds: How long to wait at most.
        """
        if self._session is not None and not self._session.flush(timeout_seconds):
            callers.warn(
                f"run {self._id}: not all metrics have reached the service within "
                f"{timeout_seconds} s; they are kept and sent later"
            )

    def _open_session(self) -> sessions.Session:
        workspace = "" if self._in_own_job() else self.service.id
        session = sessions.session(self._id, workspace, lambda: self.service)
        session.begin()
        self._session = session
        return session

    def _log(self, name: str, kind: str, value: Any) -> None:
        session = self._session or self._open_session()
        try:
            session.spool.append(shapes.check_name(name), kind, value)
        except ValueError as error:
            raise _too_large(name, error) from None

    def _log_artifact(self, name: str, value: Any, kind: str) -> None:
        from runyard.sdk import run_images

        path = run_images.store_json(self, shapes.check_name(name), value, kind)
        self._log(name, "artifact", path)


def _too_large(name: str, error: ValueError) -> UserErrorException:
    """Make the error for a line above the limit, or a number of more digits than Python writes."""
    return UserErrorException(f"metric {name!r}: {error}")
