"""What can be changed of a registered model version: all but its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Sequence, Union

from runyard.sdk import model_orders
from runyard.sdk.exceptions import NotOfferedYet, translated

if TYPE_CHECKING:
    from runyard.protocol.models import ChangeModel, ModelRecord
    from runyard.sdk.resources import ResourceConfiguration
    from runyard.sdk.workspaces import Workspace


class ModelChanges:
    """The part of `Model` that changes it."""

    _workspace: Workspace
    _record: ModelRecord

    @property
    def tags(self) -> Dict[str, str]:
        """The tags as they were last read."""
        return dict(self._record.tags)

    def update(
        self,
        tags: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Optional[ResourceConfiguration] = None,
    ) -> None:
        """Replace the tags, the description, or what it would like to have; None leaves a thing.

        Args:
            tags: All tags it is to have.
            description: A description.
            sample_input_dataset: Not offered yet.
            sample_output_dataset: Not offered yet.
            resource_configuration: What it would like to have where it is served without code.
        """
        if sample_input_dataset or sample_output_dataset:
            raise NotOfferedYet("other samples of a model", "Model.register of its next version")
        wishes = None if resource_configuration is None else resource_configuration.to_record()
        # `update` is told all tags, and the service what changes.
        removed = [key for key in self.tags if key not in tags] if tags is not None else []
        self._change(
            tags=model_orders.texts(tags),
            removed_tags=removed,
            description=description,
            resources=wishes,
        )

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags."""
        self._change(tags=model_orders.texts(tags))

    def remove_tags(self, tags: Union[str, Sequence[str]]) -> None:
        """Remove tags by name."""
        self._change(removed_tags=[tags] if isinstance(tags, str) else [str(tag) for tag in tags])

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Add properties; each is written once.

        Raises:
            UserErrorException: A property is there with another value.
        """
        self._change(properties=model_orders.texts(properties))

    def add_tag(self, key: str, value: Any = "") -> None:
        """Set one tag."""
        self.add_tags({key: value})

    def update_tags_properties(
        self,
        add_tags: Optional[Mapping[str, Any]] = None,
        remove_tags: Union[str, Sequence[str], None] = None,
        add_properties: Optional[Mapping[str, Any]] = None,
    ) -> None:
        """Set and remove tags, and add properties, as scripts of 2019 do.

        Args:
            add_tags: Tags to set.
            remove_tags: Names of tags to remove.
            add_properties: Properties to add; each is written once.
        """
        names = [remove_tags] if isinstance(remove_tags, str) else remove_tags or ()
        self._change(
            tags=model_orders.texts(add_tags),
            removed_tags=[str(name) for name in names],
            properties=model_orders.texts(add_properties),
        )

    def add_dataset_references(self, datasets: Sequence[Any]) -> None:
        """Note further datasets that it was made with; `datasets` has them from then on.

        Args:
            datasets: Pairs such as `(Dataset.Scenario.TRAINING, dataset)`.

        Raises:
            WebserviceException: One is no such pair, or no dataset.
        """
        from runyard.sdk import model_datasets

        self._change(datasets=model_datasets.told(self._workspace, datasets))

    def _change(self, **changes: Any) -> None:
        from runyard.protocol.models import ChangeModel

        body: ChangeModel = ChangeModel(**changes)
        with translated():
            self._record = self._workspace.service.models.change(self._record.id, body)
