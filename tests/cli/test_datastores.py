"""`runyard datastores`: what opens a store comes from variables, and what is missing is said."""

from pathlib import Path
from typing import Any


def test_what_would_open_a_store_is_said(cli: Any, tmp_path: Path) -> None:
    """Both variables of S3 by name, and a file of Google's that is not there."""
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
    refused = cli("datastores", "register", "s3", "data", "bucket", **nothing)
    assert refused.status == 2
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or pass --anonymous" in refused.err
    place = str(tmp_path / "none.json")
    given = ("datastores", "register", "gcs", "data", "bucket")
    refused = cli(*given, GOOGLE_APPLICATION_CREDENTIALS=place)
    assert refused.status == 2
    assert f"names {place}, which cannot be read" in refused.err
