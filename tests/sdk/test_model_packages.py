"""Packing for Docker: what an environment has that a package cannot bring along."""

import pytest

from runyard.protocol.environments import LockRecord
from runyard.sdk import model_packages
from runyard.sdk.exceptions import UserErrorException


def test_an_environment_of_conda_packages_is_not_packed_in_part(tmp_path):
    """Half of an environment would fail in the container, far from who could tell why."""
    line = f"# conda https://c.example/l/linux-64/r-base-4.1-h1_0.conda#sha256:{'0' * 64}\n"
    lock = LockRecord("d", "3.11.7", f"{line}six==1.17.0\n")
    package = model_packages.Package("scoring", None, lock, [])
    with pytest.raises(UserErrorException, match=r"scoring cannot be packed: its envir.*conda"):
        model_packages.write(None, tmp_path / "out", package)
    assert list(tmp_path.iterdir()) == []
