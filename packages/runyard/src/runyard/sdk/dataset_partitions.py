"""Partitions: datasets whose files lie in folders that are called by the values of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

from runyard.sdk.exceptions import UserErrorException
from runyard.tables.partitions import PartitionFormat, spelt

if TYPE_CHECKING:
    from runyard.protocol.dataset_definitions import SourceFile


class Partitioned:
    """What a dataset knows of the keys that its files' paths spell."""

    _definition: Dict[str, Any]

    def _files(self) -> List[SourceFile]:
        raise NotImplementedError

    def _with(self, **changes: Any) -> Any:
        raise NotImplementedError

    @property
    def partition_keys(self) -> List[str]:
        """The keys that its files' paths spell; `[]` without a partition_format."""
        text = self._definition.get("partition")
        return PartitionFormat(text).names if text else []

    def _of_keys(self, values: Mapping[str, Optional[str]]) -> Any:
        """The dataset of those of its files whose paths spell these values."""
        known = PartitionFormat(self._definition["partition"])
        sources = []
        for file in self._files():
            told = known.values(file.path or file.url)
            if all(spelt(told[key]) == value for key, value in values.items()):
                place = {"url": file.url} if file.url else {"path": file.path}
                sources.append({**self._definition["sources"][file.source], **place})
        return self._with(sources=sources)

    def _has_key(self, key: str) -> bool:
        """Whether its files' paths spell a key."""
        return key in self.partition_keys

    def get_partition_key_values(
        self, partition_keys: Optional[Sequence[str]] = None
    ) -> List[Dict[str, Optional[str]]]:
        """List the values of keys that there are, each combination once.

        Args:
            partition_keys: Some of its keys; None is all.

        Raises:
            UserErrorException: It has no such key.
        """
        keys = self.partition_keys if partition_keys is None else list(partition_keys)
        missing = [key for key in keys if not self._has_key(key)]
        if missing or not keys:
            has = ", ".join(self.partition_keys) or "none"
            raise UserErrorException(
                f"the dataset has no partition key {', '.join(missing)}; it has {has}"
            )
        known = PartitionFormat(self._definition["partition"])
        found = [known.values(file.path or file.url) for file in self._files()]
        told = {tuple(spelt(values[key]) for key in keys): None for values in found}
        return [dict(zip(keys, values)) for values in told]
