"""From a run configuration and a source folder to what the service is sent.

Estimators and `ScriptRunConfig` both end here: one place checks the folder and the script, makes
texts of the arguments, and fills the `RunSpec`.
"""

import contextlib
import os
from pathlib import Path
from typing import Any, List, Optional, Sequence

from runyard.protocol.data import VARIABLE_PREFIX
from runyard.protocol.runs import LOCAL_TARGET, LauncherSpec, RunSpec
from runyard.protocol.suggestions import nearest
from runyard.sdk import notebook_scripts
from runyard.sdk.containers import request_of
from runyard.sdk.definitions import submitted_definition_of, variables_of
from runyard.sdk.exceptions import NotOfferedYet, UserErrorException
from runyard.sdk.launchers import count, launcher_of
from runyard.sdk.submission import Submission, checked_priority
from runyard.sdk.v1.arguments import (
    References,
    add,
    from_config,
    mention_all,
    model_location,
    texts,
)
from runyard.sdk.v1.commands import command_of
from runyard.sdk.v1.definition import run_definition
from runyard.sdk.v1.script_dates import dated
from runyard.sdk.v1.script_imports import brought_along

_SHOWN = 10
_ENOUGH = 1000


def submission_of(
    source_directory: Any, run_config: Any, experiment: Any, resume_from: Any = None
) -> Submission:
    """Make what `Experiment.submit` sends for a run configuration.

    Args:
        source_directory: The folder that becomes the snapshot; None for the current one.
        run_config: A RunConfiguration; it is not changed.
        experiment: The experiment.
        resume_from: A DataPath whose content the script gets by `--resume-from`.

    Raises:
        UserErrorException: The folder or the script is missing, arguments contradict each other.
        TrainingException: The distributed settings contradict each other.
    """
    folder = str(Path(str(source_directory or ".")).expanduser())
    if run_config.command:
        check_folder(folder)
    script = "" if run_config.command else check_source(folder, run_config.script)
    references = References(experiment)
    arguments = _arguments(run_config, references, resume_from)
    local = run_config.target == LOCAL_TARGET
    return Submission(
        source_directory=folder,
        spec=_spec(run_config, experiment, folder, script, arguments, references),
        # v1's names for kinds of targets.
        properties={"_azureml.ComputeTargetType": "local" if local else "amlcompute"},
        # v1 started it as a child of the client: notebooks set os.environ before they submit.
        inherit_environment=local,
        run_config=run_config,
    )


def _spec(
    run_config: Any,
    experiment: Any,
    folder: str,
    script: str,
    arguments: List[str],
    references: References,
) -> RunSpec:
    """Make the specification; `references` gets what the command names, too."""
    refuse_what_is_not_offered(run_config)
    launcher = launcher_of(run_config)
    if script.endswith(notebook_scripts.SUFFIX):
        _check_alone(script, launcher)
        references.packages += notebook_scripts.PACKAGES
    references.packages += brought_along(run_config.environment, folder, script)
    # Before the rest, for what it names belongs to the data and the packages.
    command = command_of(run_config.command, references)
    environment = submitted_definition_of(
        run_config.environment,
        by_mpi=launcher.kind == "mpi",
        more=list(dict.fromkeys(references.packages)),
    )
    return RunSpec(
        experiment=experiment.name,
        snapshot="",
        script=script,
        arguments=arguments,
        command=command,
        target=_target(run_config, experiment),
        node_count=count("node_count", run_config.node_count),
        launcher=launcher,
        environment=dated(environment, folder, script),
        environment_variables=variables_of(run_config.environment),
        data=list(references.values()),
        watched_folders=_watched(run_config.history.directories_to_watch),
        max_duration_seconds=_duration(run_config.max_run_duration_seconds),
        max_retries=count("max_retries", run_config.max_retries, least=0),
        shared_memory=_shared_memory(run_config),
        definition=run_definition(run_config, script, arguments, references),
        priority=checked_priority(run_config.priority),
        inputs=list(references.inputs.values()),
        outputs=list(references.outputs.values()),
        container=request_of(
            run_config.environment, lambda: experiment.workspace, _docker(run_config)
        ),
    )


def check_folder(folder: str) -> List[str]:
    """List the names in a source folder.

    Raises:
        UserErrorException: It does not exist, is no folder, or is empty.
    """
    root = Path(folder)
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise UserErrorException(
            f"source_directory {folder!r} {what} (looked from {Path.cwd()}); give the folder that "
            "holds the script"
        )
    names = sorted(path.name for path in root.iterdir())
    if not names:
        raise UserErrorException(
            f"source_directory {folder!r} is empty: copy the script into it before submitting"
        )
    return names


def check_source(folder: str, script: Any) -> str:
    """Find the script's path below its folder, with forward slashes.

    Raises:
        UserErrorException: The folder or the script is missing, or the script lies elsewhere.
    """
    names = check_folder(folder)
    if not isinstance(script, str) or not script:
        raise UserErrorException(
            f"no script is named; the folder {folder!r} has {_listed(names)}: give entry_script= "
            "(estimators) or script= (ScriptRunConfig)"
        )
    relative = os.path.normpath(script).replace(os.sep, "/")
    if Path(script).is_absolute() or relative.split("/")[0] == "..":
        raise UserErrorException(
            f"script {script!r} must lie in the source folder: give its path relative to {folder!r}"
        )
    if not Path(folder, relative).is_file():
        raise UserErrorException(_no_script(folder, relative, names))
    return relative


def refuse_what_is_not_offered(run_config: Any) -> None:
    """Refuse settings that would otherwise be lost in silence."""
    if str(run_config.framework).lower() == "pyspark":
        raise NotOfferedYet("framework 'PySpark'", "framework 'Python'")


def _target(run_config: Any, experiment: Any) -> str:
    """The name of the target; what a run asks for by a size alone is made for it."""
    target: str = run_config.target
    if target.lower() != "amlcompute":
        return target
    from runyard.sdk.v1 import run_clusters

    nodes = count("node_count", run_config.node_count)
    return run_clusters.target_of(run_config, experiment.workspace, nodes)


def _check_alone(notebook: str, launcher: LauncherSpec) -> None:
    if launcher.kind != LauncherSpec().kind:
        raise NotOfferedYet(
            f"running the notebook {notebook!r} in several processes",
            "`jupyter nbconvert --to script` and its result",
        )


def _arguments(run_config: Any, references: References, resume_from: Any) -> List[str]:
    for name, config in run_config.data_references.items():
        add(from_config(name, config), references)
    arguments = texts([] if run_config.arguments is None else run_config.arguments, references)
    for section in (run_config.data, run_config.output_data):
        mention_all(section or {}, references)
    if resume_from is not None:
        location = model_location(resume_from)
        add(location, references)
        arguments += ["--resume-from", f"${VARIABLE_PREFIX}{location.name}"]
    return arguments


def _watched(folders: Optional[Sequence[str]]) -> List[str]:
    return list(dict.fromkeys(["logs", *(os.path.normpath(f) for f in folders or ())]))


def _duration(seconds: Any) -> Optional[int]:
    return None if seconds is None else count("max_run_duration_seconds", seconds)


def _docker(run_config: Any) -> Any:
    """The run's own DockerConfiguration; None where it leaves containers to the environment."""
    docker = run_config.docker
    return None if docker is None or docker.use_docker is None else docker


def _shared_memory(run_config: Any) -> Optional[str]:
    docker = run_config.environment.docker
    own = run_config.docker.shm_size if run_config.docker is not None else None
    # A section that is off still has v1's default of 2g, which is nobody's wish.
    size: Optional[str] = own or (docker.shm_size if docker.enabled else None)
    return size


def _no_script(folder: str, script: str, names: Sequence[str]) -> str:
    scripts = _scripts(folder)
    close = nearest(script, scripts)
    near = f"did you mean {' or '.join(close)}?" if close else f"it has {_listed(names)}"
    return f"script {script!r} is not in source_directory {folder!r}; {near}"


def _scripts(folder: str) -> List[str]:
    """List scripts below a folder, enough of them to find a near name in; nothing recurses."""
    found: List[str] = []
    waiting = [""]
    while waiting and len(found) < _ENOUGH:
        below = waiting.pop()
        with contextlib.suppress(OSError), os.scandir(Path(folder, below)) as entries:
            for entry in entries:
                path = below + entry.name
                if entry.name.endswith((".py", notebook_scripts.SUFFIX)):
                    found.append(path)
                elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                    # A link to a folder above would lead round for ever.
                    waiting.append(path + "/")
    return found


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
