"""The part of an experiment that people set: its tags, and that it is archived.

What is archived is left out of lists, and nothing of it is lost. Its next run takes it into lists
again, as in v1, where that began another experiment of the same name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional

from runyard.sdk.exceptions import NotOfferedYet, UserErrorException, translated
from runyard.sdk.tags import as_tags

if TYPE_CHECKING:
    from runyard.protocol.experiments import ExperimentRecord


class ViewType:
    """Which experiments to list."""

    ActiveOnly = "ActiveOnly"
    ArchivedOnly = "ArchivedOnly"
    All = "All"


def shown(record: ExperimentRecord, view_type: Any) -> bool:
    """Whether a list of a view type has an experiment.

    Args:
        record: The experiment.
        view_type: One of `ViewType`; None is `ActiveOnly`.

    Raises:
        UserErrorException: There is no such view type.
    """
    wanted = ViewType.ActiveOnly if view_type is None else view_type
    if wanted not in (ViewType.ActiveOnly, ViewType.ArchivedOnly, ViewType.All):
        raise UserErrorException(
            f"view_type is {view_type!r}; use ViewType.ActiveOnly, ViewType.ArchivedOnly or "
            "ViewType.All of azureml.core.experiment"
        )
    archived = record.archived_at is not None
    return wanted == ViewType.All or archived == (wanted == ViewType.ArchivedOnly)


class ExperimentState:
    """An experiment with its tags, that can be archived."""

    _workspace: Any
    _known: Optional[ExperimentRecord]
    name: Any

    @property
    def tags(self) -> Dict[str, str]:
        """The tags, read now."""
        return dict(self._read().tags)

    @property
    def archived_time(self) -> Optional[str]:
        """When it was archived, ISO 8601; None while it is active."""
        return self._read().archived_at

    def tag(self, key: str, value: Any = None) -> None:
        """Set a tag; the value becomes text."""
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags; a later value replaces an earlier one."""
        # A bare tag is an empty text: experiments share their tags with MLflow, which has no other.
        self._set(tags={key: value or "" for key, value in as_tags(tags).items()})

    def remove_tags(self, tags: Any) -> None:
        """Remove tags, given by one name or a list of names."""
        self._set(removed_tags=[tags] if isinstance(tags, str) else [str(tag) for tag in tags])

    def refresh(self) -> None:
        """Read the experiment from the service."""
        self._read()

    def archive(self) -> None:
        """Leave the experiment out of lists, until its next run; nothing is lost."""
        self._set(archived=True)

    def reactivate(self, new_name: Optional[str] = None) -> None:
        """Take the experiment into lists again.

        Args:
            new_name: Not offered: None.
        """
        if new_name is not None:
            raise NotOfferedYet("Experiment.reactivate(new_name=…)", "the experiment's own name")
        self._set(archived=False)

    def _read(self) -> ExperimentRecord:
        with translated():
            self._known = self._workspace.service.experiments.get(self.name)
        return self._known

    def _set(self, **changes: Any) -> None:
        with translated():
            self._known = self._workspace.service.experiments.change(self.name, **changes)
