"""Where the service keeps its own contents: in the state folder, or in an object store.

A file in the state folder says which store it was, so that a start without the setting, or with
another, is refused instead of serving records whose contents are elsewhere.
"""

import json
import logging
import os
import secrets
import threading
from collections.abc import Callable, Mapping

from runyard.protocol.errors import InvalidRequest, RunyardError, TemporaryError
from runyard_server.core.settings import Settings
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.folders import sync_folder
from runyard_server.store.home import Home
from runyard_server.store.objects import places, variables
from runyard_server.store.objects.places import Place

_RETRY_SECONDS = 60.0
_log = logging.getLogger(__name__)


def contents_of(settings: Settings, home: Home, environ: Mapping[str, str]) -> FolderBlobs:
    """The contents of a state folder, where its settings have them.

    Args:
        settings: What was set.
        home: The state folder.
        environ: Variables, for what opens a store and is not in the settings.

    Raises:
        InvalidRequest: The setting names no store, or not the one that contents are in.
    """
    mark = home.contents_mark
    known = _marked(home)["in"] if mark.exists() else ""
    if not settings.blobs:
        if known:
            raise InvalidRequest(
                f"the contents of {home.root} are in {known}: set blobs in {home.config}, or start "
                "with --blobs. To have them in the folder again, restore a backup into a new one "
                "(docs/how-to/use-object-stores.md)"
            )
        return FolderBlobs(home.blobs)
    place = place_of(settings, environ)
    if known and known != place.url:
        raise InvalidRequest(
            f"the contents of {home.root} are in {known}, and blobs is set to {place.url}: copy "
            f'them there with the provider\'s tools, make {place.url} what {mark} has as "in", and '
            "start again"
        )
    # Only now: it takes 20 MB that a service with a folder does not have.
    from runyard_server.store.objects.contents import ObjectBlobs

    return ObjectBlobs(place, home.blobs)


def place_of(settings: Settings, environ: Mapping[str, str]) -> Place:
    """The store that the settings name, with what opens it.

    Args:
        settings: What was set.
        environ: Variables, for what opens it and is not in the settings.

    Raises:
        InvalidRequest: It is not told as it must be, or nothing opens it.
    """
    where = f"blobs ({settings.origins.get('blobs', 'settings')})"
    try:
        place = places.at(settings.blobs)
        given = dict(settings.blobs_credentials) or variables.credentials(place.kind, environ)
    except InvalidRequest as error:
        raise InvalidRequest(f"{where}: {error.message}") from None
    choices = places.CREDENTIALS[place.kind]
    if not any(given.keys() == known for known in choices):
        needed = variables.sufficient(place.kind, {name: name for one in choices for name in one})
        raise InvalidRequest(
            f"{where}: {place.url} is opened by {needed}: write them into [blobs_credentials] of "
            f"config.toml, or set {variables.sufficient(place.kind)}"
        )
    return places.opened_by(place, given)


def take(blobs: FolderBlobs, home: Home) -> None:
    """Take the store of a service's contents for it, before anything is read or written there.

    Args:
        blobs: The contents.
        home: The state folder.

    Raises:
        InvalidRequest: The store does not let it in, or has another service's contents.
    """
    if not blobs.where:
        return
    # First the mark: a kill behind the claim must not make a stranger of the service.
    is_new = _mark(home, blobs.where)
    try:
        blobs.claim(_marked(home)["owner"])
    except RunyardError as error:
        if is_new or not isinstance(error, TemporaryError):
            if is_new:
                home.contents_mark.unlink()
            raise InvalidRequest(
                f"contents cannot be kept in {blobs.where}: {error.message}"
            ) from None
        # It was there before, and will be again; what needs no content can be served meanwhile.
        _log.warning("the store of contents does not answer now: %s", error)


def _mark(home: Home, where: str) -> bool:
    """Write down where contents are, and who has them there; False where that is known."""
    # Made up, not made of the secret: that is in backups, and what was restored is another service.
    told = json.dumps({"in": where, "owner": secrets.token_hex(16)})
    draft = home.contents_mark.with_name(f"{home.contents_mark.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(told + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # Of several processes that begin at once on one folder, one wins.
        home.contents_mark.hardlink_to(draft)
        # Lost with the machine's power it would leave a claim that nobody knows to be his own.
        sync_folder(home.root)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def _marked(home: Home) -> dict[str, str]:
    found: dict[str, str] = json.loads(home.contents_mark.read_text(encoding="utf-8"))
    return found


class Moving:
    """Brings what a folder has from before to the store, beside everything else.

    Args:
        blobs: The contents.
        leads: Whether this process leads: of several one does it.
    """

    def __init__(self, blobs: FolderBlobs, leads: Callable[[], bool]) -> None:
        self._blobs = blobs
        self._leads = leads
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="moving-contents", daemon=True)

    def start(self) -> None:
        """Begin, where there is a store."""
        if self._blobs.where:
            self._thread.start()

    def stop(self) -> None:
        """Leave the rest to the next start."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                if self._leads():
                    moved = self._blobs.move(self._over.is_set)
                    if moved:
                        _log.info("%d contents were moved to %s", moved, self._blobs.where)
                    return
            except (OSError, RunyardError) as error:
                _log.warning("contents are not moved to %s yet: %s", self._blobs.where, error)
            self._over.wait(_RETRY_SECONDS)
