"""`runyard models package`: what would be served, as a folder that any machine builds and runs."""

import shlex
from typing import Any

from runyard.sdk import model_packing, package_files
from runyard_server.cli import output, serving
from runyard_server.cli.sdk_calls import told, workspace_of
from runyard_server.cli.texts import Styled


def pack(
    workspace: str | None,
    model: str,
    to: str,
    name: str | None,
    given: dict[str, Any],
    *,
    json_wanted: bool,
) -> None:
    """Pack a model, and print how the folder is built and run.

    Args:
        workspace: The workspace's name, None for the configured one.
        model: A registered model, or a path.
        to: The folder.
        name: What the image is called; None: the model's name.
        given: More arguments of `Endpoint.deploy`; None leaves them.
        json_wanted: Whether name, folder and ports are printed as JSON.

    Raises:
        RunyardError: It makes no sense, or failed.
    """
    wanted = name or serving.name_of(model)
    arguments = {"model": model, **given}
    told_before = ""

    def news(reason: str) -> None:
        nonlocal told_before
        if reason and reason != told_before:
            output.note(reason)
            told_before = reason

    with told():
        folder = model_packing.pack(workspace_of(workspace), wanted, to, arguments, news)
    if json_wanted:
        output.as_json({"name": wanted, "folder": str(folder), "ports": package_files.PORTS})
        return
    port = package_files.PORTS[1]
    output.say()
    for title, line in (
        ("Build", f"docker build -t {wanted} {shlex.quote(to)}"),
        ("Run", f"docker run -p {port}:{port} {wanted}"),
        ("Look", f"curl localhost:{port}/"),
    ):
        output.say([Styled(f"{title:<9}", "bold"), Styled(line, "cyan")])
    output.say(f"Written to {folder}")
