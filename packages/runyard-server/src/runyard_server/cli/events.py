"""`runyard events`: what happens in a workspace, to runs and to everything else in it."""

import json as json_format
from typing import TYPE_CHECKING, Annotated

from runyard_server.cli import humane, output
from runyard_server.cli.options import Json, Limit, Workspace
from runyard_server.cli.parameters import Argument, Option
from runyard_server.cli.texts import Styled, in_json, line

if TYPE_CHECKING:
    from runyard.protocol.feed import FeedEvent

_RUN = "run"

Of = Annotated[
    str | None,
    Argument(
        "SUBJECT",
        help="Only of one kind, such as model, or of one thing: run:ID, cluster:NAME.",
    ),
]
After = Annotated[
    int | None,
    Option("--after", metavar="POSITION", least=0, help="Only what came after this position."),
]
Follow = Annotated[bool, Option("--follow", "-f", help="Go on until Ctrl-C.")]


def events(
    subject: Of = None,
    follow: Follow = False,
    after: After = None,
    limit: Limit = 20,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Show what happened in a workspace last: runs, clusters, models, environments.

    With --json each line is an event; its `position` says where to go on with --after.

    For example:

    - `runyard events --follow`: what happens from now on, after the last 20

    - `runyard events cluster:gpus`: when it grew and shrank

    - `runyard events --after 4711 --json | jq -r .subject`
    """
    from runyard.protocol.feed import FeedQuery
    from runyard_server.cli import target

    client = target.client(workspace)
    kind, _, name = (subject or "").partition(":")
    if kind == _RUN and name:
        from runyard_server.cli.run_names import with_run

        # The feed knows ids alone, and people name runs shorter.
        name = with_run(client, name, lambda run: client.runs.get(run).id)
    query = FeedQuery(
        after=after or 0,
        limit=limit,
        last=limit if after is None else None,
        subject_kind=kind or None,
        subject=name or None,
    )
    feed = client.feed
    # A page first, also where it is followed: what was before shows that it works.
    page = feed.list(query)
    for event in page.items:
        _show(event, json)
    if not page.items and after is None:
        _note_nothing(kind, name)
    if follow:
        # From where the page ends: what happens between the two is not missed.
        more = FeedQuery(page.position, subject_kind=query.subject_kind, subject=query.subject)
        for event in feed.follow(more):
            _show(event, json)


def _note_nothing(kind: str, name: str) -> None:
    """Note on stderr that nothing happened; for a kind that is not known, which there are."""
    from runyard.protocol.feed import KINDS
    from runyard.protocol.suggestions import suggest

    # A newer service may know more kinds, so this is no error.
    if kind and kind not in KINDS:
        near = suggest(kind, KINDS, "", few=len(KINDS))
        output.note(f"nothing has happened to {line(kind)!r}, which is no kind; {near.sentence}")
    else:
        output.note(f"nothing has happened{f' to {kind} {line(name)!r}' if name else ''}")


def _show(event: "FeedEvent", as_json: bool) -> None:
    """Print an event as a line, at once."""
    if as_json:
        from runyard.protocol import codec

        text = json_format.dumps(codec.to_plain(event), ensure_ascii=False)
        # A line each: `jq` and its like take them as they come.
        output.write(in_json(text) + "\n")
    else:
        time = humane.moment(event.time)
        assert time is not None
        what = event.status or event.kind
        told = event.message if event.message != what else ""
        output.say(
            [
                Styled(f"{time.astimezone():%Y-%m-%d %H:%M:%S}  ", "dim"),
                Styled(f"{line(event.subject_kind)} {line(event.subject)}  ", ""),
                humane.status(line(what)),
                Styled(f"  {line(told)}" if told else "", ""),
            ]
        )
    # Into a pipe Python writes by blocks: who filters a feed would wait for kilobytes.
    output.flush()
