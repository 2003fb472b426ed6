"""Images: made, listed, read, changed and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import images as routes
from runyard.protocol.images import ImageQuery

if TYPE_CHECKING:
    from runyard.protocol.images import ChangeImage, CreateImage, ImageRecord


class Images(NounClient):
    """The images of a workspace; `name` is its newest version, else `name:version`."""

    def create(self, order: CreateImage) -> ImageRecord:
        """Make the next version of an image; its environment is made from then on.

        Raises:
            InvalidRequest: Everything that stands against it, in one message.
        """
        return self._service.call(routes.IMAGES_CREATE, body=order)

    def list(
        self, query: Optional[ImageQuery] = None, limit: Optional[int] = None
    ) -> Listing[ImageRecord]:
        """List images, newest first.

        Args:
            query: Which ones; None lists all.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.IMAGES_LIST, query=asked),
            query or ImageQuery(),
            limit,
        )

    def get(self, image: str) -> ImageRecord:
        """Read an image as it stands.

        Raises:
            NotFound: There is none of that id; the message names the nearest.
        """
        return self._service.call(routes.IMAGES_GET, image)

    def change(self, image: str, change: ChangeImage) -> ImageRecord:
        """Change tags, or add properties.

        Args:
            image: The image.
            change: What is to be different.

        Raises:
            AlreadyExists: A property is there with another value.
        """
        return self._service.call(routes.IMAGES_CHANGE, image, body=change)

    def delete(self, image: str) -> None:
        """Delete an image; endpoints that run it go on."""
        self._service.call(routes.IMAGES_DELETE, image)
