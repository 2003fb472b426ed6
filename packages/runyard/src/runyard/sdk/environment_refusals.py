"""What v1 could do with an environment and Runyard cannot: each says what to use instead."""

from typing import Any, NoReturn

from runyard.sdk.exceptions import NotOfferedYet


class EnvironmentRefusals:
    """Verbs of an environment that are refused."""

    @staticmethod
    def from_docker_build_context(name: str, docker_build_context: Any) -> NoReturn:
        """Refuse: images are built without a folder of files.

        Raises:
            NotOfferedYet: Always.
        """
        raise NotOfferedYet(
            "Environment.from_docker_build_context",
            "Environment.from_dockerfile, with the run's own files in source_directory",
        )

    @staticmethod
    def label(workspace: Any, name: str, version: str, labels: Any) -> NoReturn:
        """Refuse: versions have no labels.

        Args:
            workspace: The workspace.
            name: The environment's name.
            version: Its version.
            labels: What it was to be called.

        Raises:
            NotOfferedYet: Always.
        """
        raise NotOfferedYet(
            "Environment.label",
            f"a name of its own: Environment.get(workspace, {name!r}, {version!r})"
            ".clone('NAME').register(workspace)",
        )

    def get_image_details(self, workspace: Any) -> NoReturn:
        """Refuse: what an environment becomes is a folder, and no image.

        Raises:
            NotOfferedYet: Always.
        """
        raise NotOfferedYet(
            "Environment.get_image_details",
            "environment.build(workspace): its status and its log tell what was made",
        )
