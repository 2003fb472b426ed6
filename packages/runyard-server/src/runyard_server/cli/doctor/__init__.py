"""`runyard doctor`: looks at the machine and says what is missing and how to mend it.

Each check is a function that gives findings and raises nothing; they look and change nothing,
apart from a file written into the state folder and removed at once.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from runyard_server.cli import output
from runyard_server.cli.doctor import folder, hardware, interpreters, packages, service
from runyard_server.cli.doctor.finding import BROKEN, NOTE, OK, DoctorReport, Finding
from runyard_server.cli.failures import Exit
from runyard_server.cli.options import Json
from runyard_server.cli.texts import Styled

__all__ = ["doctor", "examine"]

# What others need comes first: who mends from above mends nothing in vain.
_CHECKS: tuple[Callable[[], Iterable[Finding]], ...] = (
    interpreters.platform,
    interpreters.uv,
    interpreters.pythons,
    packages.light_half,
    packages.v1_names,
    folder.state_folder,
    service.service,
    hardware.gpus,
    hardware.containers,
)
_MARKS = {OK: ("ok", "green"), NOTE: ("note", "yellow"), BROKEN: ("broken", "bold red")}


def doctor(json: Json = False) -> None:
    """Show what is missing on this machine, and the one command that mends it.

    The exit status is 1 when something is broken; a note is something Runyard works without.

    Examples: `runyard doctor`  ·  `runyard doctor --json | jq -r '.findings[].mend'`
    """
    report = examine()
    if json:
        output.as_json(report)
    else:
        _print(report)
    if not report.healthy:
        raise Exit(1)


def examine() -> DoctorReport:
    """Run every check, all at once: most wait for programs, some for seconds."""
    with ThreadPoolExecutor(len(_CHECKS)) as threads:
        found = list(threads.map(lambda check: list(check()), _CHECKS))
    findings = [finding for several in found for finding in several]
    return DoctorReport(all(finding.state != BROKEN for finding in findings), findings)


def _print(report: DoctorReport) -> None:
    output.facts((finding.subject, _line(finding)) for finding in report.findings)
    broken = sum(finding.state == BROKEN for finding in report.findings)
    output.say()
    output.say("all is well" if report.healthy else f"{broken} to mend")


def _line(finding: Finding) -> list[Styled]:
    word, style = _MARKS[finding.state]
    line = [Styled(f"{word:6}  ", style), Styled(finding.message)]
    if finding.mend:
        line.append(Styled(f"\n        mend it with:  {finding.mend}", "cyan"))
    return line
