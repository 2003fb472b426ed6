"""Optuna's own contract of storages, on a real service."""

from optuna.testing.pytest_storages import StorageTestCase


class TestStorage(StorageTestCase):
    """Every test that Optuna has for storages; the fixture `storage` is ours."""
