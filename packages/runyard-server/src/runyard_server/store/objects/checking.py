"""Whether a store lets the service in, asked before it becomes a datastore."""

import obstore

from runyard.protocol.datastores import AZURE, S3
from runyard.protocol.errors import StoreRefused, TemporaryError
from runyard_server.store.objects import azure, s3
from runyard_server.store.objects.opening import failures, opened
from runyard_server.store.objects.places import Place


def check(place: Place) -> None:
    """List the first file of a store; whether it may be written is not tried, for many may not.

    Raises:
        StoreRefused: The key is wrong, there is no such bucket, or nothing answers there.
    """
    try:
        with failures(place, f"{place.url} cannot be a datastore"):
            # By obstore, for it is what will read and write.
            next(iter(obstore.list(opened(place), place.prefix or None, chunk_size=1)), None)
    except TemporaryError as error:
        # Nothing was stored, and whoever asks is there to correct the address.
        raise StoreRefused(error.message) from None
    except FileNotFoundError:
        raise StoreRefused(
            f"{place.url} cannot be a datastore: nothing is there that lists files; check the "
            f"endpoint and the name of the {place.noun}"
        ) from None


def make(place: Place) -> None:
    """Make the bucket or container, if it is not there.

    Raises:
        StoreRefused: The store does not let the service make one.
    """
    if not place.credentials or place.kind not in (S3, AZURE):
        raise StoreRefused(
            f"create_if_not_exists makes buckets of S3 and containers of Azure, with a key; make "
            f"{place.url} with the provider's own tools"
        )
    try:
        (s3.make_bucket if place.kind == S3 else azure.make_container)(place)
    except TemporaryError as error:
        raise StoreRefused(error.message) from None
