"""`ContainerImage.image_configuration`: the script of 2019, and what goes beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from runyard.client import callers
from runyard.sdk.v1.serving import environments
from runyard.sdk.v1.serving.faults import Faults
from runyard.sdk.v1.serving.inference import check_script_name, parse, refused_runtime
from runyard.sdk.v1.serving.sources import Source


class ContainerImageConfig:
    """The script of an image and what goes beside it; checked when it is made.

    Args:
        execution_script: The script, in the current directory.
        runtime: `python`.
        conda_file: A conda file.
        docker_file: Kept, without effect.
        schema_file: A file that goes beside the script.
        dependencies: Files and folders that go beside the script.
        enable_gpu: Accepted.
        tags: Tags.
        properties: Properties.
        description: A description.
        base_image: Accepted.
        base_image_registry: Accepted.
        cuda_version: Accepted.

    Raises:
        WebserviceException: Something makes no sense; all of it is named.
    """

    def __init__(
        self,
        execution_script: str,
        runtime: str,
        conda_file: Optional[str] = None,
        docker_file: Optional[str] = None,
        schema_file: Optional[str] = None,
        dependencies: Optional[Sequence[str]] = None,
        enable_gpu: Optional[bool] = None,
        tags: Optional[Dict[str, str]] = None,
        properties: Optional[Dict[str, str]] = None,
        description: Optional[str] = None,
        base_image: Optional[str] = None,
        base_image_registry: Any = None,
        cuda_version: Optional[str] = None,
    ) -> None:
        self.execution_script = execution_script
        self.runtime = runtime
        self.conda_file = conda_file
        self.docker_file = docker_file
        self.schema_file = schema_file
        self.dependencies = dependencies
        self.enable_gpu = enable_gpu
        self.tags = tags
        self.properties = properties
        self.description = description
        self.base_image = base_image
        self.base_image_registry = base_image_registry
        self.cuda_version = cuda_version
        self.validate_configuration()
        if docker_file or base_image:
            callers.warn(
                "docker_file and base_image are kept, without effect: there are no containers; "
                "put what they install into the conda file"
            )

    def validate_configuration(self) -> None:
        """Check it again, after attributes or files were changed.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
            UserErrorException: The script is no Python.
        """
        found = Faults("this image configuration cannot be used")
        script = self.execution_script
        if not script:
            found.add("execution_script is missing: name the script that has init() and run()")
        # v1 took the script from the current directory alone, and imported it by its bare name.
        elif os.path.normpath(script) != Path(script).name:
            found.add(
                f"execution_script {script!r} is not in the current directory: change to its "
                "folder first"
            )
        found.extend(check_script_name(script))
        if str(self.runtime or "").lower() not in {"python", "python-slim"}:
            found.add(refused_runtime(self.runtime))
        found.extend(self._absent())
        if script and Path(script).is_file():
            with found.gathering():
                parse(script)
        found.refuse()

    def _absent(self) -> List[str]:
        names = ("execution_script", "conda_file", "docker_file", "schema_file")
        named = [(name, getattr(self, name)) for name in names if getattr(self, name)]
        named += [("dependencies", one) for one in self.dependencies or ()]
        return [
            f"{name} {path!r} does not exist in {os.getcwd()}"  # noqa: PTH109 - for show
            for name, path in named
            if not Path(path).exists()
        ]

    def _source(self) -> Source:
        """Where the script and what goes beside it are."""
        beside = [*(self.dependencies or ()), *([self.schema_file] if self.schema_file else [])]
        return Source(
            environments.absolute(self.execution_script),
            dependencies=[environments.absolute(one) for one in beside],
        )
