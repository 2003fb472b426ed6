"""The options with which a model is served, shared by `models serve` and `endpoints update`."""

from typing import Annotated

from runyard_server.cli.options import models_offered
from runyard_server.cli.parameters import Option

Model = Annotated[
    str | None,
    Option(
        "--model",
        metavar="MODEL",
        help="Another model: `name`, `name:version`, or a file or folder here.",
        complete=models_offered,
    ),
]
Script = Annotated[
    str | None,
    Option(
        "--script",
        metavar="FILE",
        help="A script with init() and run(data); without one the model tells how it is served.",
    ),
]
Source = Annotated[
    str | None,
    Option(
        "--source",
        metavar="FOLDER",
        help="The folder that the script is in, sent with it; by default the script alone.",
    ),
]
Environment = Annotated[
    str | None,
    Option(
        "--environment",
        "-E",
        metavar="NAME",
        help="The name of an environment, or a requirements or conda file; by default what the "
        "model was made in, else what fits it.",
    ),
]
Gpus = Annotated[
    int | None, Option("--gpus", metavar="COUNT", least=0, help="Whole GPUs for each replica.")
]
NoWait = Annotated[bool, Option("--no-wait", help="Return at once.")]
Percents = Annotated[
    list[str] | None,
    Option(
        "--traffic",
        metavar="NAME=PERCENT",
        help="A deployment's share of the requests; the default one gets the rest.",
    ),
]
