"""The tree of errors that users catch; the names are the v1 SDK's.

    AzureMLException
     +- UserErrorException
     |   +- AuthenticationException
     |   +- RunConfigurationException
     |   +- NotOfferedYet (also a NotImplementedError)
     +- ActivityFailedException
     +- ComputeTargetException
     +- ExperimentExecutionException
     +- ModelNotFoundException
     +- ModelPathNotFoundException
     +- ProjectSystemException
     +- RunEnvironmentException
     +- ServiceException
     +- SnapshotException
     +- TrainingException
     +- WebserviceException
     +- WorkspaceException
     |   +- DiscoveryUrlNotFoundException
     +- DatasetTimestampMissingError

All have `.message`, and `str()` is that message too: `Telling` says so. Programs that use the v1
names are told in the several lines that v1 users know, because those names bring a `Telling` of
their own (`sdk.v1.envelopes`). Errors of the service become these by `translated`.
"""

from __future__ import annotations

# typing costs more than this module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Dict, Optional, Type

    from runyard.protocol.errors import RunyardError

SYSTEM_ERROR = "SystemError"
USER_ERROR = "UserError"


class Telling:
    """How errors are told to people: plainly, as long as nobody puts another in its place."""

    def text(self, error: AzureMLException, sentence: str) -> str:
        """What `str()` of an error says; `sentence` is what happened and what to do next."""
        del error
        return sentence

    def shown(self, error: AzureMLException) -> str:
        """What an interpreter shows of an error."""
        return f"{type(error).__name__}({error.message!r})"

    def failure(self, error: ActivityFailedException) -> str:
        """The message of a failed run's error."""
        return error.sentence

    def ending(self, error: Dict[str, Any]) -> str:
        """What is printed of a failed run's error below its log, which has just been seen."""
        return str(error["error"]["message"])


_telling = Telling()


def telling() -> Telling:
    """How errors are told in this program."""
    return _telling


def tell_by(way: Telling) -> None:
    """Have all errors of this program told in another way."""
    global _telling  # noqa: PLW0603 - `str()` of an error has no other way to learn it
    _telling = way


class AzureMLException(Exception):
    """Base of every error that the SDK raises on purpose.

    Args:
        exception_message: What happened, to what, and what to do next.
        inner_exception: The error behind it.
        target: What it is about.
        details: Facts for programs.
    """

    error_code = SYSTEM_ERROR

    def __init__(
        self,
        exception_message: str = "",
        inner_exception: Optional[BaseException] = None,
        target: Optional[str] = None,
        details: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(exception_message)
        self._message = str(exception_message)
        self._inner_exception = inner_exception
        self._target = target
        self._details = details
        self._more = kwargs

    @property
    def message(self) -> str:
        """What happened, to what, and what to do next."""
        return self._message

    @message.setter
    def message(self, value: str) -> None:
        self._message = value

    @property
    def inner_exception(self) -> Optional[BaseException]:
        """The error behind this one."""
        return self._inner_exception or self.__cause__

    def __repr__(self) -> str:
        return _telling.shown(self)

    def __str__(self) -> str:
        return _telling.text(self, self.message)

    def response(self) -> Dict[str, Any]:
        """The facts beside the message, by the names of the v1 SDK."""
        response: Dict[str, Any] = {"code": self.error_code, "message": self.message}
        if self._target:
            response["target"] = self._target
        if self._details:
            response["details"] = self._details
        return response


class UserErrorException(AzureMLException):
    """The call can never succeed as it stands."""

    error_code = USER_ERROR


class AuthenticationException(UserErrorException):
    """The token is missing, wrong, or not allowed to do this."""


class NotOfferedYet(UserErrorException, NotImplementedError):
    """A name of the v1 SDK that Runyard does not offer yet.

    Args:
        name: What was asked for.
        instead: What to use in its place, as the end of a sentence that begins with "use".
    """

    def __init__(self, name: str, instead: str = "") -> None:
        text = f"not offered yet: {name}"
        super().__init__(f"{text}; use {instead}" if instead else text)


class ActivityFailedException(AzureMLException):
    """A run has failed; `str()` says why in one sentence, and ends with the end of its log.

    `message` is that sentence. In programs that use the v1 names it is the run's error as JSON,
    for scripts parse it; the log's end is not in it.

    Args:
        error_details: The error, as `get_details()["error"]` gives it, or its JSON.
    """

    error_code = USER_ERROR

    def __init__(self, error_details: Any = "", **kwargs: Any) -> None:
        import json

        text = error_details
        if not isinstance(error_details, str):
            text = json.dumps(error_details, indent=4, default=str)
        super().__init__(text, **kwargs)
        self._error = _inner(text)
        self._sentence = str(self._error.pop("message", text))
        self._log_tail = str(self._error.pop("logTail", ""))
        if self._error or self._sentence != text:
            whole = {**json.loads(text), "error": {"message": self._sentence, **self._error}}
            self._message = json.dumps(whole, indent=4)

    @property
    def message(self) -> str:
        """Why the run failed; as JSON in programs that use the v1 names."""
        return _telling.failure(self)

    @message.setter
    def message(self, value: str) -> None:
        self._message = self._sentence = value

    @property
    def sentence(self) -> str:
        """Why the run failed, in one sentence."""
        return self._sentence

    @property
    def as_json(self) -> str:
        """The run's error as JSON, without the end of its log."""
        return self._message

    def __str__(self) -> str:
        text = _telling.text(self, self._sentence)
        return f"{text}\n\nThe end of its log:\n\n{self._log_tail}" if self._log_tail else text

    def response(self) -> Dict[str, Any]:
        """What the sentence and the end of the log do not say."""
        return {"code": self.error_code, **self._error}


class ComputeTargetException(AzureMLException):
    """A compute target does not exist or cannot do what was asked."""


class ExperimentExecutionException(AzureMLException):
    """A run could not be started, or watching it was broken off."""

    error_code = USER_ERROR


class ModelNotFoundException(AzureMLException):
    """No such model where it was looked for."""

    error_code = USER_ERROR


class ModelPathNotFoundException(AzureMLException):
    """Nothing matches the path given for a model."""

    error_code = USER_ERROR


class ProjectSystemException(AzureMLException):
    """A folder or its configuration cannot be used."""


class RunConfigurationException(UserErrorException):
    """A run configuration contradicts itself or lacks something."""


class RunEnvironmentException(AzureMLException):
    """There is no run here, or not one that can do this."""


class ServiceException(AzureMLException):
    """The service could not do what it was asked, or cannot be reached."""

    def __init__(
        self, exception_message: str = "", status_code: Optional[int] = None, **kwargs: Any
    ) -> None:
        super().__init__(exception_message, **kwargs)
        self.status_code = status_code


class SnapshotException(AzureMLException):
    """A source folder cannot be kept as a snapshot."""

    error_code = USER_ERROR


class TrainingException(AzureMLException):
    """An estimator's arguments contradict each other or ask for what does not exist."""

    error_code = USER_ERROR


class WebserviceException(AzureMLException):
    """A model or a web service does not exist or cannot do what was asked.

    Args:
        exception_message: What happened.
        status_code: The HTTP status, if one is behind it.
        logger: Taken for the v1 signature's sake; logging is the caller's.
    """

    def __init__(
        self,
        exception_message: str = "",
        status_code: Optional[int] = None,
        logger: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(exception_message, **kwargs)
        self.status_code = status_code
        self._logger = logger


class WorkspaceException(AzureMLException):
    """A workspace does not exist or cannot be made."""

    error_code = USER_ERROR


class DiscoveryUrlNotFoundException(WorkspaceException):
    """A workspace's address could not be found."""


class DatasetTimestampMissingError(AzureMLException):
    """A dataset has no timestamp column."""


class DatasetValidationError(UserErrorException):
    """A dataset's definition finds no data, or not what it says."""


class DatasetExecutionError(UserErrorException):
    """Reading a dataset went wrong."""


def _inner(text: str) -> Dict[str, Any]:
    """The facts of an error that is given as JSON; none in any other text."""
    import json

    try:
        error = json.loads(text)["error"]
    except (ValueError, TypeError, KeyError):
        return {}
    return dict(error) if isinstance(error, dict) else {}


class translated:  # noqa: N801 - it reads as a verb: `with translated():`
    """Turns errors of the service into the ones above, which name them as their cause."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if error is None:
            return
        from runyard.protocol.errors import RunyardError

        # Others go through: what a user's own code raised within the block is the user's.
        if isinstance(error, RunyardError):
            raise from_service(error) from error


def from_service(error: RunyardError) -> AzureMLException:
    """Make the user's error for one of the service's."""
    from runyard.protocol import errors

    # The first that fits. v1 scripts tell two of them by how the message begins.
    table = (
        (errors.ModelNotFound, WebserviceException, "ModelNotFound: "),
        (errors.ComputeNotFound, ComputeTargetException, "ComputeTargetNotFound: "),
        (errors.WorkspaceNotFound, WorkspaceException, ""),
        (errors.SnapshotNotFound, SnapshotException, ""),
        (errors.Unauthenticated, AuthenticationException, ""),
        (errors.Forbidden, AuthenticationException, ""),
        (errors.InvalidRequest, UserErrorException, ""),
        (errors.NotFound, UserErrorException, ""),
        (errors.Conflict, UserErrorException, ""),
    )
    for kind, raised, prefix in table:
        if isinstance(error, kind):
            said = error.message
            # Where one is told of by another it has its beginning already.
            text = said if said.startswith(prefix) else prefix + said
            return raised(text, details=error.details or None)
    return ServiceException(error.message, error.status, details=error.details or None)
