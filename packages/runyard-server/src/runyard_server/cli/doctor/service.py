"""Does the service answer, as what it should be, and does it take our token?"""

import os
from collections.abc import Iterator

from runyard.client import holder
from runyard.client import home as homes
from runyard.client.discovery import connect
from runyard.client.presence import running
from runyard.client.service import Service
from runyard.protocol.errors import RunyardError, Unauthenticated
from runyard.protocol.service import TOKEN_VARIABLE, URL_VARIABLE
from runyard_server import __version__
from runyard_server.cli.doctor.finding import BROKEN, NOTE, OK, Finding


def running_here() -> bool:
    """Whether the home's own service answers."""
    return running(homes.locate()) is not None


def service() -> Iterator[Finding]:
    """Ask the service who it is."""
    elsewhere = os.environ.get(URL_VARIABLE)
    silent = None if elsewhere or running_here() else holder.find(homes.locate())
    if silent is not None:
        text = f"process {silent.pid} holds the state folder and does not answer"
        yield Finding("service", BROKEN, text, "runyard stop --force")
        return
    if not elsewhere and not running_here():
        yield Finding("service", OK, "none runs; one is started when it is needed")
        return
    try:
        status = Service(connect(start=False)).status()
    except Unauthenticated as error:
        mend = f"export {TOKEN_VARIABLE}=TOKEN" if elsewhere else "runyard stop"
        yield Finding("service", BROKEN, error.message, mend)
    except RunyardError as error:
        mend = f"unset {URL_VARIABLE}" if elsewhere else "runyard stop"
        yield Finding("service", BROKEN, error.message, mend)
    else:
        yield Finding("service", OK, f"{status.version} at {status.url}, process {status.pid}")
        # One that runs elsewhere is updated by others, and speaks with this version all the same.
        if status.version != __version__ and not elsewhere:
            text = f"it is {status.version} and this program is {__version__}"
            yield Finding("service", NOTE, text, "runyard stop")
