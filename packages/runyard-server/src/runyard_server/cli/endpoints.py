"""`runyard endpoints`: which there are, why one is not ready, its log; calling and changing it."""

from typing import Annotated

from runyard.protocol.errors import InvalidRequest, RunyardError
from runyard_server.cli import failures, output, tables
from runyard_server.cli.options import (
    DeploymentName,
    EndpointName,
    EndpointNames,
    Json,
    Limit,
    Workspace,
)
from runyard_server.cli.parameters import Argument, Group, Option
from runyard_server.cli.serving_options import (
    Environment,
    Gpus,
    Model,
    NoWait,
    Percents,
    Script,
    Source,
)

group = Group()

Key = Annotated[bool, Option("--key", help="Print its first key alone, for a shell's variable.")]
Token = Annotated[bool, Option("--token", help="Print a token alone, where it is opened by one.")]
Sample = Annotated[bool, Option("--sample", help="Print a request that it takes, as JSON.")]
Lines = Annotated[int, Option("--lines", "-n", least=1, help="The last so many lines.")]
Init = Annotated[bool, Option("--init", help="Only until it was ready.")]
Follow = Annotated[bool, Option("--follow", "-f", help="Go on as more is printed.")]
Percent = Annotated[
    int,
    Option("--percent", metavar="PERCENT", least=0, help="Its share; the default gives it up."),
]
Data = Annotated[
    str | None,
    Argument("DATA", help="What is sent: JSON, @FILE, or - for what is typed or piped in."),
]
Path = Annotated[
    str, Option("--path", metavar="PATH", help="Another path, of one of the protocols.")
]
Through = Annotated[
    bool,
    Option("--through-service", help="Have the service call it, which reaches it from anywhere."),
]
Rollback = Annotated[
    bool, Option("--rollback", help="Go back to what it ran before its last update.")
]
Replicas = Annotated[
    str,
    Argument("REPLICAS", help="How many, or the fewest and the most: 2, 1-4, 0-4."),
]
Within = Annotated[
    str | None,
    Option("--within", metavar="TIME", help="How long until it has all: 90s, 10m (default), 1h."),
]
MaxError = Annotated[
    float | None,
    Option("--max-error", metavar="SHARE", help="The share of its requests that may fail: 0.01."),
]
MaxP99 = Annotated[
    str | None,
    Option("--max-p99", metavar="TIME", help="Within what 99 of 100 are answered: 200ms, 1.5s."),
]
Idle = Annotated[
    int | None,
    Option(
        "--idle-minutes",
        metavar="MINUTES",
        least=1,
        help="After how long without a request the last one ends, where none may be.",
    ),
]


@group.command("list")
def list_(
    model: Annotated[
        str | None, Option("--model", metavar="MODEL", help="Only those that serve this model.")
    ] = None,
    limit: Limit = 50,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """List endpoints, newest first: what they serve, how they are, where they answer.

    For example:

    - `runyard endpoints list`

    - `runyard endpoints list --model digits`

    - `runyard endpoints list --json | jq -r '.items[] | select(.state != "Healthy").name'`
    """
    from runyard.protocol.endpoints import EndpointPage, EndpointQuery
    from runyard_server.cli import endpoint_views, target

    client = target.client(workspace)
    found = list(client.endpoints.list(EndpointQuery(model=model), limit))
    if json:
        output.as_json(EndpointPage(found))
        return
    tables.show(
        endpoint_views.COLUMNS,
        map(endpoint_views.row, found),
        lambda: "no endpoint; `runyard models serve MODEL` makes one" + target.elsewhere(workspace),
    )


@group.command()
def show(
    endpoint: EndpointName,
    key: Key = False,
    token: Token = False,
    sample: Sample = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Show an endpoint: why it is not ready, its deployments and replicas, how it is called.

    For example:

    - `runyard endpoints show digits`

    - `KEY=$(runyard endpoints show digits --key)`: for curl

    - `runyard endpoints show digits --sample | runyard endpoints call digits -`

    - `runyard endpoints show digits --json | jq .deployments[0].replicas`
    """
    from runyard_server.cli import endpoint_views, target

    client = target.client(workspace)
    if key:
        output.say(client.endpoints.keys(endpoint).primary)
        return
    if token:
        output.say(client.endpoints.token(endpoint).token)
        return
    record = client.endpoints.get(endpoint)
    if sample:
        endpoint_views.sample(client, record)
        return
    if json:
        output.as_json(record)
        return
    endpoint_views.show(client, record)


@group.command()
def logs(
    endpoint: EndpointName,
    deployment: DeploymentName = None,
    lines: Lines = 200,
    init: Init = False,
    follow: Follow = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Print what the workers of an endpoint have printed, also after they failed.

    For example:

    - `runyard endpoints logs digits`

    - `runyard endpoints logs digits --follow`: also what comes, until Ctrl-C or its deletion

    - `runyard endpoints logs digits --init`: how it started

    - `runyard endpoints logs digits -d candidate -n 1000 | grep Error`
    """
    from runyard.protocol.endpoints import EndpointLog, EndpointLogQuery
    from runyard_server.cli import target

    if follow:
        from runyard_server.cli import endpoint_following

        if init:
            raise InvalidRequest("give either --follow or --init, which ends when it was ready")
        wanted = endpoint_following.Wanted(endpoint, deployment, lines)
        endpoint_following.follow(target.client(workspace), wanted, as_json=json)
        return
    query = EndpointLogQuery(deployment, lines, init)
    text = target.client(workspace).endpoints.logs(endpoint, query)
    if json:
        output.as_json(EndpointLog(text))
        return
    output.write(text if not text or text.endswith("\n") else f"{text}\n")


@group.command()
def call(
    endpoint: EndpointName,
    data: Data = None,
    path: Path = "/score",
    deployment: DeploymentName = None,
    through: Through = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Call an endpoint with its key, and print the answer.

    Without DATA the path is asked with GET.

    For example:

    - `runyard endpoints call digits '{"data": [[0, 1, 2]]}'`

    - `runyard endpoints call digits @request.json`

    - `jq -c .sample rows.json | runyard endpoints call digits -`

    - `runyard endpoints call digits --path /v2/models/digits`: what it takes

    - `runyard endpoints call digits @request.json --through-service`: its port is not reached
    """
    from runyard_server.cli import endpoint_calling

    request = endpoint_calling.Request(data, path, deployment, through=through)
    endpoint_calling.call(workspace, endpoint, request, json_wanted=json)


@group.command()
def add(
    endpoint: EndpointName,
    deployment: Annotated[str, Argument("DEPLOYMENT", help="The name of the new one.")],
    model: Model = None,
    script: Script = None,
    source: Source = None,
    environment: Environment = None,
    gpus: Gpus = None,
    percent: Percent = 0,
    no_wait: NoWait = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Add a deployment beside those that an endpoint has; it gets no traffic but what is asked for.

    For example:

    - `runyard endpoints add digits candidate --model digits:4`

    - `runyard endpoints add digits candidate --model digits:4 --percent 10`: once it is ready

    - `runyard endpoints call digits @request.json -d candidate`: try it, then `promote` it
    """
    from runyard_server.cli import endpoint_changes

    code = {
        "model": model,
        "script": script,
        "source": source,
        "environment": environment,
        "gpus": gpus,
    }
    wanted = endpoint_changes.Wanted(code, deployment)
    endpoint_changes.add(workspace, endpoint, wanted, percent, wait=not no_wait, json_wanted=json)


@group.command()
def update(
    endpoint: EndpointName,
    model: Model = None,
    script: Script = None,
    source: Source = None,
    environment: Environment = None,
    gpus: Gpus = None,
    deployment: DeploymentName = None,
    traffic: Percents = None,
    rollback: Rollback = False,
    no_wait: NoWait = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Change what an endpoint runs, or who gets its traffic; no request fails of it.

    The old replicas serve until the new ones are ready. What is not given stays.

    For example:

    - `runyard endpoints update digits --model digits:4`

    - `runyard endpoints update digits --script score.py --source src`

    - `runyard endpoints update digits --traffic main=90 --traffic candidate=10`

    - `runyard endpoints update digits --rollback`
    """
    from runyard_server.cli import endpoint_changes

    wanted = endpoint_changes.Wanted(
        {
            "model": model,
            "script": script,
            "source": source,
            "environment": environment,
            "gpus": gpus,
        },
        deployment,
        endpoint_changes.percents(traffic),
        rollback,
    )
    endpoint_changes.update(workspace, endpoint, wanted, wait=not no_wait, json_wanted=json)


@group.command()
def promote(
    endpoint: EndpointName,
    deployment: Annotated[
        str, Argument("DEPLOYMENT", help="Which gets all the traffic in the end.")
    ],
    within: Within = None,
    max_error: MaxError = None,
    max_p99: MaxP99 = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Move the traffic to a deployment step by step, and back at once where it does worse.

    It gets 5, 25, 50, then all of the requests, and is the default in the end. Ctrl-C takes the
    traffic back.

    For example:

    - `runyard endpoints promote digits candidate`

    - `runyard endpoints promote digits candidate --within 1h --max-error 0.001 --max-p99 200ms`
    """
    from runyard_server.cli import endpoint_changes

    guards = {"within": within, "max_error": max_error, "max_p99": max_p99}
    endpoint_changes.promote(workspace, endpoint, deployment, guards, json_wanted=json)


@group.command()
def scale(
    endpoint: EndpointName,
    replicas: Replicas,
    idle_minutes: Idle = None,
    deployment: DeploymentName = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Change how many replicas an endpoint has.

    For example:

    - `runyard endpoints scale digits 2`

    - `runyard endpoints scale digits 1-4`: as many as there is to do

    - `runyard endpoints scale digits 0-4 --idle-minutes 10`: none while nobody asks
    """
    from runyard_server.cli import endpoint_changes, endpoint_views

    record = endpoint_changes.scale(workspace, endpoint, replicas, idle_minutes, deployment)
    if json:
        output.as_json(record)
        return
    endpoint_views.brief(record)


@group.command()
def delete(endpoints: EndpointNames, json: Json = False, workspace: Workspace = None) -> None:
    """Delete endpoints: what they have is finished, their models stay.

    Examples: `runyard endpoints delete digits`  ·  several: `runyard endpoints delete one two`
    """
    from runyard_server.cli import target

    client = target.client(workspace)
    failure: RunyardError | None = None
    for endpoint in endpoints:
        try:
            client.endpoints.delete(endpoint)
        except RunyardError as error:
            # The others are still deleted; the last failure gives the exit status.
            if failure is not None:
                failures.complain(failure, json_wanted=json)
            failure = error
            continue
        if not json:
            output.say(f"{endpoint}: deleted")
    if failure is not None:
        raise failure
