"""Sections of an environment that hold settings alone: of a registry, of Spark, of Databricks."""

from __future__ import annotations

from typing import Any, List, Optional

from runyard.sdk.sections import Section


class ContainerRegistry(Section):
    """Where a base image comes from; empty for the public default."""

    def __init__(self) -> None:
        self.address: Optional[str] = None
        self.username: Optional[str] = None
        self.password: Optional[str] = None
        self._close()

    def __repr__(self) -> str:
        return f"ContainerRegistry(address={self.address!r}, username={self.username!r})"


class SparkPackage(Section):
    """A package of Spark; kept for old files only."""

    def __init__(
        self,
        group: Optional[str] = None,
        artifact: Optional[str] = None,
        version: Optional[str] = None,
    ) -> None:
        self.group = group
        self.artifact = artifact
        self.version = version
        self._close()


class SparkSection(Section):
    """Settings of Spark; kept for old files, as runs on Spark are not offered yet."""

    def __init__(self) -> None:
        self.repositories: List[str] = []
        self.packages: List[Any] = []
        self.precache_packages = True
        self._close()


class DatabricksSection(Section):
    """Settings of Databricks; kept for old files only."""

    def __init__(self) -> None:
        self.maven_libraries: List[Any] = []
        self.pypi_libraries: List[Any] = []
        self.rcran_libraries: List[Any] = []
        self.jar_libraries: List[Any] = []
        self.egg_libraries: List[Any] = []
        self._close()
