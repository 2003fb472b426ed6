"""The key vault as v1's scripts use it, in front of a service and within a run."""

import pytest

from runyard.sdk.exceptions import UserErrorException


def test_secrets_are_set_and_read_as_in_v1(workspace, experiment):
    """What is not there is None, with a warning that names the nearest; values are never listed."""
    vault = workspace.get_default_keyvault()
    vault.set_secret(name="db-password", value="p w")
    vault.set_secrets({"one": "1", "two": "2"})
    assert vault.get_secret("db-password") == "p w"
    assert {"name": "one"} in vault.list_secrets()
    with pytest.warns(UserWarning, match="no secret 'db-pasword'.*db-password"):
        assert vault.get_secrets(["one", "db-pasword"]) == {"one": "1", "db-pasword": None}
    run = experiment.start_logging()
    assert run.get_secret("two") == "2"
    assert run.get_secrets(["one", "two"]) == {"one": "1", "two": "2"}
    run.complete()
    with pytest.raises(UserErrorException, match=r"the value of secret 'half' is int; give a text"):
        vault.set_secrets({"whole": "1", "half": 2})
    with pytest.raises(UserErrorException, match=r"secret 'odd' is no UTF-8") as caught:
        vault.set_secret("odd", "hidden \udcd8")
    assert "hidden" not in str(caught.value)
    vault.delete_secrets(["db-password", "one", "two"])
    assert vault.list_secrets() == []
    with pytest.raises(UserErrorException, match="no secret 'one'"):
        vault.delete_secret("one")
