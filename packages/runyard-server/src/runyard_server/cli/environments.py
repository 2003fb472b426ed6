"""`runyard environments`: which are registered, which are made, and what they take."""

import re
from typing import TYPE_CHECKING, Annotated

from runyard.protocol import compatibility
from runyard.protocol.errors import NotFound, WrongState
from runyard_server.cli import deleting, humane, output, tables
from runyard_server.cli.deleting import DryRun, Yes
from runyard_server.cli.options import Json, RunId, Workspace
from runyard_server.cli.parameters import Argument, Group, Option
from runyard_server.cli.tables import Column
from runyard_server.cli.texts import cut_middle

if TYPE_CHECKING:
    from runyard.client.environments import Environments
    from runyard.client.workspace import WorkspaceClient

Names = Annotated[
    list[str], Argument("NAME...", help="`name` for all versions, or `name:version`.")
]
Name = Annotated[str, Argument("NAME", help="`name` for the newest version, or `name:version`.")]
Days = Annotated[
    float, Option("--unused-for", metavar="DAYS", help="Only those that no run got for so long.")
]
Images = Annotated[
    bool, Option("--images", help="The images that were made for containers, in their place.")
]

# What the service says before it builds is at the log's beginning.
_HEAD_OF_LOG = 1 << 16
_CHOICE = re.compile(
    r"packages are as of |Python \S+ is (?:used|asked for)|\S+ is installed as |made with conda: |"
    r"pip's index has no |conda packages for "
)

group = Group()


@group.command("list")
def list_(json: Json = False, workspace: Workspace = None) -> None:
    """List registered environments, the newest version of each.

    Example: `runyard environments list`
    """
    from runyard.protocol.environments import EnvironmentPage
    from runyard_server.cli import target

    found = target.client(workspace).environments.list()
    if json:
        output.as_json(EnvironmentPage(found))
        return
    tables.show(
        [Column("NAME"), Column("VERSION", right=True), Column("AGE", worth=1)],
        [(one.name, one.version, humane.age(one.created_at)) for one in found],
        "no environment is registered; `environment.register(workspace)` registers one",
    )


@group.command()
def show(name: Name, json: Json = False, workspace: Workspace = None) -> None:
    """Show a registered environment: its Python, its packages and their day.

    Examples: `runyard environments show tf1`  ·  `runyard environments show tf1:2`
    """
    from runyard_server.cli import target

    wanted, _, version = name.partition(":")
    found = target.client(workspace).environments.list(wanted)
    chosen = [one for one in found if version in ("", one.version)]
    if not chosen:
        known = f"it has {', '.join(one.version for one in found)}" if found else "no such name"
        raise NotFound(f"no environment {name!r} is registered: {known}")
    # By number: versions are texts, and "10" comes before "9".
    record = max(chosen, key=lambda one: int(one.version))
    if json:
        output.as_json(record)
        return
    asked = record.definition
    python = asked.interpreter if asked.user_managed else asked.python or "chosen by the service"
    output.say(f"{record.name}:{record.version}")
    for title, text in (
        ("Python", python),
        ("as of", asked.as_of and f"{asked.as_of} {asked.as_of_from}".strip()),
        ("conda", ", ".join(asked.conda)),
        ("channels", ", ".join(asked.channels)),
        ("pip", ", ".join(asked.pip)),
    ):
        if text:
            output.say(f"  {title:10}{text}")


@group.command()
def build(name: Name, json: Json = False, workspace: Workspace = None) -> None:
    """Make an environment, registered or curated, ahead of the runs that need it.

    Example: `runyard environments build AzureML-TensorFlow-1.13-CPU`
    """
    from runyard.sdk.environments import Environment
    from runyard_server.cli import sdk_calls, target

    wanted, _, version = name.partition(":")
    with sdk_calls.told():
        there = sdk_calls.workspace_of(workspace)
        run = Environment.get(there, wanted, version or None).build(there).run
    if json:
        output.as_json(target.client(workspace).runs.get(run.id))
        return
    output.say(f"{run.id} makes {name}; `runyard runs logs {run.id} --follow` shows how")


@group.command()
def why(run: RunId, json: Json = False, workspace: Workspace = None) -> None:
    """Explain how a run came to its environment: what chose the Python, and why it was made.

    Example: `runyard environments why mnist/12`
    """
    from runyard.protocol import conda_locks
    from runyard.protocol.files import BUILD_LOG
    from runyard_server.cli import target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    record = with_run(client, run, client.runs.get)
    if not record.environment_lock:
        raise NotFound(f"run {record.id} has no environment: it was not prepared")
    lock = client.environments.lock(record.environment_lock)
    built = [
        one.message
        for one in client.events.list(record.id).items
        if "environment built" in one.message
    ]
    if json:
        output.as_json(lock)
        return
    pins = [line for line in lock.requirements.splitlines() if line[:1] not in ("", " ", "#", "-")]
    solved = conda_locks.packages(lock.requirements)
    output.say(f"{record.id}: environment {lock.digest}, Python {lock.python}")
    stands_for = compatibility.told(lock.requirements)
    for line in [
        *lock.notes,
        *([f"compatibility mode: {stands_for}"] if stands_for else []),
        *(_chosen(client, record.id) or _day_of(client, record.id)),
        *(built or ["it was there already: nothing was built for this run"]),
    ]:
        output.say(f"  {line}")
    if solved:
        named = ", ".join(f"{one.name}={one.version}={one.build}" for one in solved)
        output.say(f"  {humane.many(len(solved), 'conda package')}: {named}")
        channels = dict.fromkeys(one.channel for one in solved)
        output.say(f"  from {', '.join(channels)}")
    output.say(
        f"  {humane.many(len(pins), 'package')}: {', '.join(pin.split()[0] for pin in pins)}"
    )
    output.say(f"its log: `runyard runs logs {record.id} --file {BUILD_LOG}`")


def _chosen(client: "WorkspaceClient", run: str) -> list[str]:
    """The lines of a run's build log that tell of its day and its Python."""
    from runyard.protocol.files import BUILD_LOG

    try:
        with client.files.open(run, BUILD_LOG) as log:
            lines = log.read(_HEAD_OF_LOG).decode("utf-8", "replace").splitlines()
    except NotFound:
        # The lock was there already, so nothing was chosen for this run.
        return []
    return [line for line in lines if _CHOICE.match(line)]


def _day_of(client: "WorkspaceClient", run: str) -> list[str]:
    """The day that a run was submitted with, where its lock was there and no build log tells."""
    from runyard.protocol.environments import NOW

    asked = client.runs.spec(run).environment
    if not asked.as_of or asked.as_of == NOW:
        return []
    return [
        f"packages are as of {asked.as_of}" + (asked.as_of_from and f", from {asked.as_of_from}")
    ]


@group.command()
def made(json: Json = False, workspace: Workspace = None) -> None:
    """List the environments that are made on the service's machine, the last used first.

    Example: `runyard environments made`
    """
    from runyard.protocol.environments import LockPage
    from runyard_server.cli import target

    found = [one for one in target.client(workspace).environments.locks() if one.made_at]
    if json:
        output.as_json(LockPage(found))
        return
    columns = [Column("LOCK", cut=cut_middle), Column("NAME", worth=1), Column("PYTHON", worth=2)]
    columns += [Column("SIZE", right=True), Column("RUNS", right=True, worth=3), Column("USED")]
    rows = [
        (
            one.digest,
            one.name,
            one.python,
            "" if one.size is None else humane.size(one.size),
            str(one.runs),
            humane.ago(one.used_at) if one.used_at else "never",
        )
        for one in found
    ]
    tables.show(columns, rows, "no environment is made yet")


@group.command()
def prune(
    unused_for: Days = 0.0,
    images: Images = False,
    dry_run: DryRun = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Remove environments that are made and that no run is using; who needs one makes it again.

    With `--images` it is the images that were made for containers; those that were fetched stay.

    Examples: `runyard environments prune --dry-run`  ·  `runyard environments prune --unused-for
    30`  ·  `runyard environments prune --images`
    """
    from runyard.protocol.environments import LockPage
    from runyard_server.cli import target

    environments = target.client(workspace).environments
    if images:
        _prune_images(environments, dry_run=dry_run, json=json)
        return
    gone = []
    for one in environments.locks():
        if one.made_at is None or not humane.is_older(one.used_at or one.made_at, unused_for):
            continue
        if not dry_run:
            try:
                environments.evict(one.digest)
            except (WrongState, NotFound):
                # In use, or gone meanwhile: either is as it should be.
                continue
        gone.append(one)
    if json:
        output.as_json(LockPage(gone))
        return
    size = humane.size(sum(one.size or 0 for one in gone))
    verb = "would remove" if dry_run else "removed"
    output.say(f"{verb} {humane.many(len(gone), 'environment')}, {size}")


def _prune_images(environments: "Environments", *, dry_run: bool, json: bool) -> None:
    from runyard.protocol.environments import PrunedImages

    gone = environments.prune_images(dry_run=dry_run)
    if json:
        output.as_json(PrunedImages(gone))
        return
    for one in gone:
        of = f"for environment {one.lock}" if one.lock else "of a Dockerfile"
        output.say(f"  {one.id[:12]}  {humane.size(one.size)}  {of}")
    verb = "would remove" if dry_run else "removed"
    size = humane.size(sum(one.size for one in gone))
    output.say(f"{verb} {humane.many(len(gone), 'image')}, {size}")


@group.command()
def delete(
    names: Names,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Delete registered environments; the trash has them for a week.

    Examples: `runyard environments delete tf1`  ·  `runyard environments delete tf1:2 --yes`
    """
    from runyard_server.cli import target

    client = target.client(workspace)
    deleting.delete(client, "environment", names, dry_run=dry_run, yes=yes, json=json)
