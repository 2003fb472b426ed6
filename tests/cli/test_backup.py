"""`runyard backup`, as it is asked for; what it does is tried in `tests/store/test_backups.py`."""

from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.service import DATABASE_VARIABLE, HOME_VARIABLE
from runyard_server.cli import backup
from runyard_server.store.home import Home

ADDRESS = "postgresql://me:geheim@db.example/runs?sslmode=require"


@pytest.mark.parametrize("where", ["file", "variable"])
def test_records_in_postgresql_are_left_to_its_own_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A folder is not taken for a backup; what to do is told, and the password is not."""
    home = Home(tmp_path / "home")
    home.create()
    # Of before it was copied into PostgreSQL.
    home.database.touch()
    monkeypatch.setenv(HOME_VARIABLE, str(home.root))
    if where == "file":
        home.config.write_text(f'database_url = "{ADDRESS}"\n')
    else:
        monkeypatch.setenv(DATABASE_VARIABLE, ADDRESS)
    with pytest.raises(InvalidRequest) as refused:
        backup.backup(str(tmp_path / "backups"))
    assert "pg_dump" in refused.value.message
    assert "'postgresql://me@db.example/runs'" in refused.value.message
    assert "geheim" not in refused.value.message
    assert not (tmp_path / "backups").exists()
