"""Datasets: definitions of data that versions, runs and models refer to.

Each operation gives a new dataset over the same sources; nothing is read before it is delivered.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Tuple, Type

from runyard.client import callers
from runyard.protocol.dataset_definitions import meaning
from runyard.protocol.errors import MissingBlobs
from runyard.sdk.dataset_access import DatasetAccess
from runyard.sdk.dataset_inputs import Consumable, DatasetConsumptionConfig
from runyard.sdk.dataset_partitions import Partitioned
from runyard.sdk.dataset_refusals import Refusing
from runyard.sdk.exceptions import (
    DatasetValidationError,
    UserErrorException,
    translated,
)
from runyard.sdk.tags import as_tags
from runyard.sdk.times import moment

if TYPE_CHECKING:
    from datetime import datetime

    from runyard.protocol.dataset_definitions import SourceFile
    from runyard.protocol.datasets import DatasetFile, DatasetRecord, RegisterDataset
    from runyard.sdk.workspaces import Workspace

Definition = Dict[str, Any]
# What the service does not read within that is told by sizes and times.
MEASURE_BYTES = 8 << 30
# Somebody may write to the files between what was kept and what is registered; not for ever.
_PIN_TRIES = 4
# The class of each kind of definition. Each says which it is: tables make datasets of files, and
# files tables, so neither can import the other.
kinds: Dict[str, Type[AbstractDataset]] = {}


class AbstractDataset(Partitioned, Refusing, Consumable):
    """A dataset: see FileDataset and TabularDataset.

    Args:
        definition: What to read, and what to do with it.
        workspace: The workspace of its datastores; None where it has web files alone.
        record: What the service knows of it; None before it is saved.
    """

    def __init__(
        self,
        definition: Definition,
        workspace: Optional[Workspace] = None,
        record: Optional[DatasetRecord] = None,
    ) -> None:
        # Of a pinned version all that is made from it reads the bytes that it keeps, too.
        is_pinned = record is not None and record.pinned
        self._definition = meaning(record) if is_pinned else definition
        self._workspace = workspace
        self._record = record

    def __repr__(self) -> str:
        return json.dumps(self._told(), indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        return f"{type(self).__name__}\n{self!r}"

    @property
    def id(self) -> Optional[str]:
        """The id; None until it is registered, or a run or a model refers to it."""
        return None if self._record is None else self._record.id

    @property
    def _id(self) -> Optional[str]:
        # A private name of v1 that public notebooks read.
        return self.id

    @property
    def name(self) -> Optional[str]:
        """The name that it is registered under."""
        return self._record.name or None if self._record is not None else None

    @property
    def version(self) -> Optional[int]:
        """The version that it is registered as."""
        return self._record.version or None if self._record is not None else None

    @property
    def description(self) -> Optional[str]:
        """What was written about it."""
        return self._record.description if self._record is not None else None

    @property
    def tags(self) -> Optional[Dict[str, str]]:
        """Its tags."""
        return dict(self._record.tags) if self._record is not None else None

    @property
    def digest(self) -> str:
        """The digest of its files as it was registered; "" before."""
        return self._record.digest if self._record is not None else ""

    @property
    def pinned(self) -> bool:
        """Whether it is a version that keeps its bytes, whatever becomes of its files."""
        return self._record is not None and self._record.pinned

    @property
    def data_changed_time(self) -> Optional[datetime]:
        """When a file of it was written last, in UTC, as far as datastores tell."""
        times = [file.modified_at for file in self._files() if file.modified_at]
        return moment(max(times)) if times else None

    def register(
        self,
        workspace: Workspace,
        name: str,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, Any]] = None,
        create_new_version: bool = False,
        exist_ok: bool = False,
        update_if_exist: bool = False,
        visible: bool = True,
        pin: bool = False,
    ) -> Any:
        """Register it under a name; the dataset as it is registered is returned.

        The same definition and bytes as the latest version's are that version.

        Args:
            workspace: The workspace.
            name: The name.
            description: What to write about it.
            tags: Texts by name.
            create_new_version: Whether a name that is taken gets its next version.
            exist_ok: The same, as scripts of 2019 say it.
            update_if_exist: The same, as scripts of 2019 say it.
            visible: Taken for old scripts' sake.
            pin: Whether the version keeps copies of its files and is read from them, so that it
                stays as it is when they change or go.

        Raises:
            UserErrorException: The name is taken, is of another kind of dataset, or cannot be one.
        """
        from runyard.protocol.datasets import RegisterDataset

        # What is pinned is read when it is copied.
        self._settle(workspace, thoroughly=not pin)
        texts = {key: value or "" for key, value in as_tags(tags).items()}
        del visible
        again = bool(create_new_version or exist_ok or update_if_exist)
        order = RegisterDataset(name, self._definition, description or "", texts, again, pin)
        with translated():
            register = self._pin if pin else workspace.service.datasets.register
            record = register(order)
        return type(self)(self._definition, workspace, record)

    def _pin(self, order: RegisterDataset) -> DatasetRecord:
        """Register a version that keeps its bytes, which are stored first."""
        service = self._where().service.datasets
        for number in range(_PIN_TRIES):
            left = service.keep(self._definition).unread
            while left:
                before, left = left, service.keep(self._definition).unread
                if left >= before:
                    raise UserErrorException(
                        f"{left} bytes of the dataset's files cannot be kept: they cannot be read, "
                        "or change all the time; register it once nobody writes to them"
                    )
            try:
                return service.register(order)
            except MissingBlobs:
                if number == _PIN_TRIES - 1:
                    raise
        raise AssertionError

    def update(
        self, description: Optional[str] = None, tags: Optional[Mapping[str, Any]] = None
    ) -> Any:
        """Replace the description and the tags of a registered version."""
        from runyard.protocol.datasets import ChangeDataset

        place = self._registered("update")
        texts = None if tags is None else {k: v or "" for k, v in as_tags(tags).items()}
        with translated():
            self._record = self._where().service.datasets.change(
                place, ChangeDataset(description, texts)
            )
        return self

    def add_tags(self, tags: Optional[Mapping[str, Any]] = None) -> Any:
        """Add tags to a registered version.

        Raises:
            UserErrorException: A tag is there with another value.
        """
        known = self.tags or {}
        other = [key for key, value in (tags or {}).items() if known.get(key, value) != value]
        if other:
            raise UserErrorException(
                f"the tag {other[0]!r} is {known[other[0]]!r} already; update(tags=…) replaces tags"
            )
        return self.update(tags={**known, **(tags or {})})

    def remove_tags(self, tags: Optional[List[str]] = None) -> Any:
        """Remove tags of a registered version, by name."""
        return self.update(
            tags={key: value for key, value in (self.tags or {}).items() if key not in (tags or ())}
        )

    def unregister_all_versions(self) -> None:
        """Unregister the name; runs and models go on to know the dataset by its id."""
        self._registered("unregister_all_versions")
        with translated():
            self._where().service.datasets.delete(str(self.name))
        self._record = None

    def as_named_input(self, name: str) -> DatasetConsumptionConfig:
        """Make it a run's input: `run.input_datasets[name]`, and the variable `name`.

        Raises:
            UserErrorException: It cannot be a name.
        """
        return DatasetConsumptionConfig(name, self)

    direct = as_named_input

    def readers(self) -> List[Any]:
        """The runs and model versions that have to do with it, the newest first."""
        if self._record is None:
            return []
        place = f"{self.name}:{self.version}" if self.name else str(self.id)
        with translated():
            return list(self._where().service.datasets.readers(place).items)

    def diff(self, other: AbstractDataset) -> Dict[str, List[str]]:
        """What another version has: names of files added, removed and changed.

        Args:
            other: Another registered version.
        """
        return differences(self._as_registered(), other._as_registered())

    def _ensure_saved(self, workspace: Workspace) -> str:
        """Have the service keep the definition, so that others can name it; give the id."""
        if self._record is None:
            self._settle(workspace, thoroughly=False)
            with translated():
                self._record = workspace.service.datasets.save(self._definition)
        return self._record.id

    def _settle(self, workspace: Workspace, *, thoroughly: bool) -> None:
        """Have web files stored and files read before something refers to them."""
        self._workspace = self._workspace or workspace
        DatasetAccess(workspace).store_web_files(self._definition)
        service = workspace.service.datasets
        with translated():
            measure = service.measure(self._definition)
            # What is unread at the end stands in the resolution with its size and time.
            while thoroughly and 0 < measure.unread < MEASURE_BYTES:
                before, measure = measure.unread, service.measure(self._definition, 20.0)
                if measure.unread >= before:
                    return

    def _where(self) -> Workspace:
        if self._workspace is None:
            raise UserErrorException("this dataset is in no workspace yet; register it first")
        return self._workspace

    def _registered(self, verb: str) -> str:
        if not self.name:
            raise UserErrorException(f"{verb} needs a registered dataset; call register(…) first")
        return f"{self.name}:{self.version}"

    def _access(self) -> DatasetAccess:
        return DatasetAccess(self._workspace)

    def _files(self) -> List[SourceFile]:
        """The files that it means now; a version whose files have changed warns."""
        found = self._access().files(self._definition)
        if self.name and not self.pinned:
            known = {file.name: file for file in self._as_registered() if file.datastore}
            now = {file.name: file for file in found if file.datastore}
            names = set(known) | set(now)
            other = [
                n for n in names if n not in known or n not in now or _differ(known[n], now[n])
            ]
            if other:
                callers.warn(
                    f"{len(other)} of {len(names)} files differ from version {self.version} of "
                    f"{self.name!r}, such as {min(other)!r}; what is there now is read"
                )
        return found

    def _as_registered(self) -> List[Any]:
        place = self._registered("the files of a version")
        with translated():
            return list(self._where().service.datasets.files(place))

    def _with(self, **changes: Any) -> Any:
        """A new dataset over the same sources."""
        return type(self)({**self._definition, **changes}, self._workspace)

    def _stepped(self, step: Dict[str, Any]) -> Any:
        return self._with(steps=[*self._definition.get("steps", []), step])

    def _told(self) -> Dict[str, Any]:
        sources = [
            each["url"] if "url" in each else f"('{each['datastore']}', '{each['path']}')"
            for each in self._definition["sources"]
        ]
        found: Dict[str, Any] = {"source": sources, "definition": self._steps()}
        if self._record is not None:
            registration: Dict[str, Any] = {"id": self.id}
            if self.name:
                registration.update(name=self.name, version=self.version)
            more = {"description": self.description, "tags": self.tags}
            registration.update({key: value for key, value in more.items() if value})
            if self._workspace is not None:
                registration["workspace"] = repr(self._workspace)
            found["registration"] = registration
        return found

    def _steps(self) -> List[str]:
        return [next(iter(step)) for step in self._definition.get("steps", ())]

    def _split(self, percentage: float, seed: Optional[int]) -> Tuple[Any, Any]:
        first, second = halves(percentage, seed)
        return self._stepped(first), self._stepped(second)

    def _sample(self, probability: float, seed: Optional[int]) -> Any:
        check_share("probability", probability)
        return self._stepped({"sample": {"probability": float(probability), "seed": drawn(seed)}})


def halves(percentage: float, seed: Optional[int]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The steps of both parts of a split.

    Raises:
        ValueError: The share is not from 0 to 1.
    """
    check_share("percentage", percentage)
    told = {"percentage": float(percentage), "seed": drawn(seed)}
    return {"split": {**told, "part": 0}}, {"split": {**told, "part": 1}}


def whole(count: Any) -> int:
    """A number of records or files.

    Raises:
        ValueError: It is none.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"count must be a whole number of at least 0, not {count!r}")
    return count


def check_share(name: str, share: Any) -> None:
    """Check a share of a whole.

    Raises:
        ValueError: It is not from 0 to 1.
    """
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
        raise ValueError(f"{name} must be a number from 0 to 1, not {share!r}")


def drawn(seed: Optional[int]) -> int:
    """A seed; drawn where none is given, so that the parts of a split fit together."""
    return random.randrange(1 << 31) if seed is None else int(seed)  # noqa: S311 - no secret


def nothing(definition: Definition, hint: str) -> DatasetValidationError:
    """The error of a dataset that has no files, or none with records; a hint may say more."""
    told = "; ".join(
        each.get("url") or f"{each['path'] or '/'!r} on datastore {each['datastore']!r}"
        for each in definition["sources"]
    )
    return DatasetValidationError(
        "Cannot load any data from the specified path. Make sure the path is accessible and "
        f"contains data.\nLooked for {told}{'; ' if hint else ''}{hint}"
    )


def differences(
    before: Iterable[DatasetFile], after: Iterable[DatasetFile]
) -> Dict[str, List[str]]:
    """Names of files added, removed and changed, each in order.

    Args:
        before: The files of one version.
        after: Those of another.
    """
    mine, theirs = ({file.name: file for file in each} for each in (before, after))
    same = sorted(set(mine) & set(theirs))
    return {
        "added": sorted(set(theirs) - set(mine)),
        "removed": sorted(set(mine) - set(theirs)),
        "changed": [name for name in same if _state(mine[name]) != _state(theirs[name])],
    }


def _state(file: Any) -> Tuple[Any, ...]:
    return (file.digest,) if file.digest else (file.size, file.modified_at)


def _differ(known: Any, now: SourceFile) -> bool:
    return (known.size, known.modified_at) != (now.size, now.modified_at)
