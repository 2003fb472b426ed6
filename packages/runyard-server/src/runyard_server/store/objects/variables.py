"""What opens a store, as the variables of the providers' own tools have it.

Command lines are seen by every user of a machine, so keys never stand there.
"""

from collections.abc import Mapping
from pathlib import Path

from runyard.protocol.datastores import AZURE, GCS, S3
from runyard.protocol.errors import InvalidRequest
from runyard_server.store.objects.places import CREDENTIALS

# By kind; Google's names a file.
VARIABLES: Mapping[str, Mapping[str, str]] = {
    S3: {
        "access_key": "AWS_ACCESS_KEY_ID",
        "secret_key": "AWS_SECRET_ACCESS_KEY",
        "session_token": "AWS_SESSION_TOKEN",
    },
    AZURE: {"account_key": "AZURE_STORAGE_KEY", "sas_token": "AZURE_STORAGE_SAS_TOKEN"},
    GCS: {"service_account": "GOOGLE_APPLICATION_CREDENTIALS"},
}


def sufficient(kind: str, names: Mapping[str, str] | None = None) -> str:
    """The least that opens a store of a kind, for people.

    Args:
        kind: S3, AZURE or GCS.
        names: What to call each credential; by default its variable.
    """
    choices = CREDENTIALS[kind]
    # A session's token goes with a key and its secret, which open most buckets without one.
    least = [one for one in choices if not any(other < one for other in choices)]
    called = names or VARIABLES[kind]
    return " or ".join(" and ".join(called[name] for name in sorted(one)) for one in least)


def credentials(kind: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What opens a store of a kind, as far as variables have it.

    Args:
        kind: S3, AZURE or GCS.
        environ: The variables.

    Raises:
        InvalidRequest: The file that one names cannot be read.
    """
    found = {name: environ.get(variable, "") for name, variable in VARIABLES[kind].items()}
    given = {name: value for name, value in found.items() if value}
    if "sas_token" in given:
        # Of both the one that opens less.
        given.pop("account_key", None)
    if kind == GCS and given:
        place = Path(given["service_account"]).expanduser()
        try:
            given["service_account"] = place.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidRequest(
                f"GOOGLE_APPLICATION_CREDENTIALS names {place}, which cannot be read: {error}"
            ) from None
    return given
