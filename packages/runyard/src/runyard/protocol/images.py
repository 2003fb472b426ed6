"""Images of 2019: what a deployment runs, kept under a name in versions that count from 1.

An image is a deployment's definition with its files; it is built when its environment is made.
"""

from dataclasses import field
from typing import Any, Dict, List, Optional

from runyard.protocol.endpoints import DeploymentSpec
from runyard.protocol.records import dataclass
from runyard.protocol.route import CONTRIBUTOR, IN_WORKSPACE, READS, Nothing, Route

# v1's rule.
IMAGE_NAME_RULE = r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?"
SHORTEST_IMAGE_NAME, LONGEST_IMAGE_NAME = 3, 32

# Marks, in `v1`, what is kept of a package while it is made; no list of images shows it.
PACKAGE = "package"

IN_IMAGE = IN_WORKSPACE + "/images/{image}"


@dataclass(frozen=True)
class CreateImage:
    """Make the next version of an image; returns at once, while its environment is made.

    Of `spec` counts what is run: models, script or flavor, code and environment.
    """

    name: str
    spec: DeploymentSpec
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    v1: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageRecord:
    """A version of an image; `id` is `name:version`.

    `state` is `Running`, `Succeeded` or `Failed`; `reason` is what is waited for, `error` why it
    failed. `run` is the hidden run in which its environment is made.
    """

    id: str
    name: str
    version: int
    state: str
    spec: DeploymentSpec
    created_at: str
    reason: str = ""
    error: str = ""
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    run: str = ""
    environment_lock: Optional[str] = None
    v1: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageQuery:
    """Which images to list, newest first; `model` is `name` or `name:version`.

    Each entry of `tags` and `properties` is `key` (has it) or `key=value` (equals it).
    """

    name: Optional[str] = None
    model: Optional[str] = None
    tags: List[str] = field(default_factory=list)
    properties: List[str] = field(default_factory=list)
    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class ImagePage:
    """One page of images, newest first."""

    items: List[ImageRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class ChangeImage:
    """What may change of an image; `properties` are write-once."""

    tags: Dict[str, str] = field(default_factory=dict)
    removed_tags: List[str] = field(default_factory=list)
    properties: Dict[str, str] = field(default_factory=dict)


IMAGES_CREATE: Route[ImageRecord] = Route(
    "images.create",
    "POST",
    IN_WORKSPACE + "/images",
    ImageRecord,
    "Make the next version of an image.",
    body=CreateImage,
    creates=True,
    role=CONTRIBUTOR,
)
IMAGES_LIST: Route[ImagePage] = Route(
    "images.list",
    "GET",
    IN_WORKSPACE + "/images",
    ImagePage,
    "List images, newest first.",
    query=ImageQuery,
    scope=READS,
)
IMAGES_GET: Route[ImageRecord] = Route(
    "images.get",
    "GET",
    IN_IMAGE,
    ImageRecord,
    "Get an image by `name` (the newest version) or `name:version`.",
    scope=READS,
)
IMAGES_CHANGE: Route[ImageRecord] = Route(
    "images.change",
    "PATCH",
    IN_IMAGE,
    ImageRecord,
    "Change an image's tags, or add properties.",
    body=ChangeImage,
    role=CONTRIBUTOR,
)
IMAGES_DELETE: Route[Nothing] = Route(
    "images.delete",
    "DELETE",
    IN_IMAGE,
    Nothing,
    "Delete an image; what runs of it goes on.",
    role=CONTRIBUTOR,
)
