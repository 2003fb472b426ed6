"""What opens a store, as the variables of the providers' own tools have it.

Command lines are seen by every user of a machine, so keys never stand there.
"""

from collections.abc import Mapping
from pathlib import Path

from runyard.protocol.datastores import AZURE, GCS, S3
from runyard.protocol.errors import InvalidRequest

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
