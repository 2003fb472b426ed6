"""Parameters of a run: what it was given to do its work with, by name; each is written once.

Submitting a run records its script's arguments as such: `--lr 0.1` is the parameter `lr`.
"""

from dataclasses import field
from typing import Dict

from runyard.protocol.records import dataclass
from runyard.protocol.route import FAMILY, IN_RUN, READS, REPORTS, Route

LONGEST_NAME = 255
LONGEST_VALUE = 8000


@dataclass(frozen=True)
class LogParameters:
    """Add parameters to a run. One that is there with another value is a conflict."""

    params: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ParameterList:
    """All parameters of a run, by name."""

    run: str
    params: Dict[str, str] = field(default_factory=dict)


PARAMETERS_LIST: Route[ParameterList] = Route(
    "parameters.list",
    "GET",
    IN_RUN + "/parameters",
    ParameterList,
    "List a run's parameters.",
    scope=READS,
)
PARAMETERS_LOG: Route[ParameterList] = Route(
    "parameters.log",
    "POST",
    IN_RUN + "/parameters",
    ParameterList,
    "Add parameters to a run; each is written once.",
    body=LogParameters,
    scope=FAMILY,
    audit=REPORTS,
)
