"""Promotes a deployment: 5, 25, 50 and 100 % of the traffic, and back where it does worse.

It is watched from here, by whoever promotes: each step lasts a part of the time and ends at once
where more requests fail than may, or too many take too long. Who interrupts it has the traffic as
it was; a process that is killed on the way leaves it as it is.
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Sequence, TextIO

from runyard.sdk import endpoint_words, latencies
from runyard.sdk.exceptions import UserErrorException, WebserviceException

if TYPE_CHECKING:
    from runyard.protocol.endpoints import DeploymentRecord, EndpointRecord

STEPS = (5, 25, 50, 100)
# Of fewer requests one that fails says little.
FEWEST = 20
_LOOKS_SECONDS = 1.0
SLOWEST_SHARE = 0.01
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")


@dataclass(frozen=True)
class Plan:
    """How a deployment is promoted.

    Args:
        name: The deployment.
        seconds: How long until it has all.
        max_error: The share of its requests that may fail.
        steps: Its percent of the traffic, step by step.
        max_p99: Within how many seconds 99 of 100 requests are answered; None: it does not matter.
    """

    name: str
    seconds: float
    max_error: float
    steps: Sequence[int] = STEPS
    max_p99: Optional[float] = None


def plan_of(
    name: str, within: Any, max_error: Any, steps: Sequence[int], max_p99: Any = None
) -> Plan:
    """Read the arguments of a promotion.

    Args:
        name: The deployment.
        within: Seconds, or a text such as `10m`, `90s`, `1h`.
        max_error: A share from 0 to 1.
        steps: Percents that grow, to 100.
        max_p99: Seconds, or a text such as `200ms`; None: it does not matter.

    Raises:
        UserErrorException: One makes no sense.
    """
    number = isinstance(max_error, (int, float)) and not isinstance(max_error, bool)
    if not number or not 0 <= max_error <= 1:
        raise UserErrorException(f"max_error is {max_error!r}; give a share from 0 to 1")
    whole = [each for each in steps if isinstance(each, int) and 0 < each <= 100]  # noqa: PLR2004
    if not whole or whole != sorted(set(steps)) or whole[-1] != 100:  # noqa: PLR2004 - percent
        raise UserErrorException(f"steps is {steps!r}; give percents that grow to 100")
    slowest = None if max_p99 is None else _seconds("max_p99", max_p99, "200ms")
    if slowest is not None and not 0 < slowest <= latencies.LONGEST:
        raise UserErrorException(
            f"max_p99 is {max_p99!r}; give seconds above 0, up to {latencies.LONGEST:g}, or a text "
            "such as '200ms'"
        )
    return Plan(name, _seconds("within", within, "10m"), float(max_error), tuple(whole), slowest)


class Promotion:
    """One promotion.

    Args:
        plan: What is wanted.
        look: Reads the endpoint.
        share: Sets the traffic.
        say: Where each step is told; None tells nothing.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        plan: Plan,
        look: Callable[[], EndpointRecord],
        share: Callable[[Dict[str, int]], None],
        say: Any = sys.stderr,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._plan = plan
        self._look = look
        self._share = share
        self._say: Any = say
        self._sleep = sleep

    def run(self) -> None:
        """Promote.

        Raises:
            UserErrorException: There is no such deployment, or it has all the traffic.
            WebserviceException: Too many requests failed or took too long; the traffic is as it
                was.
        """
        record = self._look()
        before = {each.name: each.percent for each in record.deployments}
        self._check(record, before)
        steps = [each for each in self._plan.steps if each > before[self._plan.name]]
        try:
            for step in steps:
                self._share(shares(before, self._plan.name, step))
                self._tell(f"{self._plan.name}: {step} %")
                if step != steps[-1]:
                    self._watch(self._plan.seconds / max(1, len(steps) - 1), step)
        except WebserviceException:
            self._share(before)
            raise
        except KeyboardInterrupt:
            self._share(before)
            self._tell(f"{self._plan.name}: interrupted, the traffic is as it was")
            raise

    def _watch(self, seconds: float, step: int) -> None:
        """Let a step last, as long as it goes well."""
        until = time.monotonic() + seconds
        first = self._deployment()
        over = False
        while not over:
            self._sleep(min(_LOOKS_SECONDS, seconds))
            # Before the look: a laptop that slept through a step looks once when it wakes up.
            over = time.monotonic() >= until
            now = self._deployment()
            self._count(first, now, step)
            if not endpoint_words.ready_of(now):
                raise WebserviceException(
                    f"{now.name} has no replica that is ready ({now.reason or now.state}); the "
                    "traffic is as it was"
                )

    def _count(self, first: DeploymentRecord, now: DeploymentRecord, step: int) -> None:
        """Check what was answered in a step.

        Args:
            first: The deployment at its begin.
            now: The deployment.
            step: Its percent of the traffic.
        """
        requests = now.requests - first.requests
        if requests < FEWEST:
            return
        failed = now.failures - first.failures
        if failed > requests * self._plan.max_error:
            raise WebserviceException(
                f"{failed} of {requests} requests to {now.name} failed at {step} %, more than "
                f"the share of {self._plan.max_error:g} that may; the traffic is as it was"
            )
        slowest = self._plan.max_p99
        if slowest is None:
            return
        took = latencies.between(first.latencies, now.latencies)
        if took is None:
            raise WebserviceException(
                f"nothing tells how long requests to {now.name} take, for the gateway is of an "
                "older version: max_p99 cannot be watched; the traffic is as it was"
            )
        if latencies.share_above(took, slowest) > SLOWEST_SHARE:
            raise WebserviceException(
                f"of {requests} requests to {now.name} at {step} % one in a hundred took longer "
                f"than {latencies.words(latencies.quantile(took, 1 - SLOWEST_SHARE))}, where "
                f"{latencies.words(slowest)} may be; the traffic is as it was"
            )

    def _deployment(self) -> DeploymentRecord:
        found = endpoint_words.deployment_of(self._look(), self._plan.name)
        if found is None:
            raise WebserviceException(f"the deployment {self._plan.name} is gone")
        return found

    def _check(self, record: EndpointRecord, before: Dict[str, int]) -> None:
        name = self._plan.name
        if name not in before:
            names = ", ".join(before)
            raise UserErrorException(
                f"{record.name} has no deployment {name!r}; there are: {names}"
            )
        if before[name] == 100:  # noqa: PLR2004 - percent
            raise UserErrorException(f"{name} has all the traffic of {record.name} already")

    def _tell(self, text: str) -> None:
        stream: TextIO = self._say
        if stream is not None:
            stream.write(f"{text}\n")
            stream.flush()


def shares(before: Dict[str, int], name: str, percent: int) -> Dict[str, int]:
    """The traffic with so much for one deployment; the others share the rest as they did.

    Args:
        before: Percent by deployment.
        name: The one.
        percent: Its percent.
    """
    others = {key: value for key, value in before.items() if key != name}
    total, left = sum(others.values()), 100 - percent
    found = {key: left * value // total if total else 0 for key, value in others.items()}
    if others and total:
        # What rounding leaves over goes to the largest.
        largest = max(others, key=lambda key: others[key])
        found[largest] += left - sum(found.values())
    return {**found, name: percent}


def _seconds(what: str, given: Any, example: str) -> float:
    if isinstance(given, (int, float)) and not isinstance(given, bool) and given >= 0:
        return float(given)
    match = _SPAN.fullmatch(given.strip().lower()) if isinstance(given, str) else None
    if match is None or match.group(2) not in _UNITS:
        raise UserErrorException(
            f"{what} is {given!r}; give seconds, or a text such as {example!r}"
        )
    return float(match.group(1)) * _UNITS[match.group(2)]
