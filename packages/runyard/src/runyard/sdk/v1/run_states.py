"""The states of a run by name: private in v1, and in the scripts of many teams."""

from typing import List


class RunStatus:
    """The words that `run.get_status()` answers with."""

    QUEUED = "Queued"
    NOT_STARTED = "NotStarted"
    PREPARING = "Preparing"
    PROVISIONING = "Provisioning"
    STARTING = "Starting"
    RUNNING = "Running"
    CANCEL_REQUESTED = "CancelRequested"
    CANCELED = "Canceled"
    FINALIZING = "Finalizing"
    COMPLETED = "Completed"
    FAILED = "Failed"
    UNAPPROVED = "Unapproved"
    NOTRESPONDING = "NotResponding"
    PAUSING = "Pausing"
    PAUSED = "Paused"

    @classmethod
    def list(cls) -> List[str]:
        """List all of them."""
        return [word for name, word in vars(cls).items() if name.isupper()]

    @classmethod
    def get_running_statuses(cls) -> List[str]:
        """List those of a run that goes on."""
        return [
            cls.NOT_STARTED,
            cls.QUEUED,
            cls.PREPARING,
            cls.PROVISIONING,
            cls.STARTING,
            cls.RUNNING,
        ]
