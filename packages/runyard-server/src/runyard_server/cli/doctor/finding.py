"""What a check found: fine, worth knowing, or broken; and the one command that mends it."""

from dataclasses import dataclass

OK = "ok"
NOTE = "note"
BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Args:
        subject: What was looked at, in a word or two.
        state: OK, NOTE (works without it) or BROKEN.
        message: What was found.
        mend: The one command that mends it; "" when there is nothing to mend.
    """

    subject: str
    state: str
    message: str
    mend: str = ""


@dataclass(frozen=True)
class Report:
    """All findings; healthy when nothing is broken."""

    healthy: bool
    findings: list[Finding]
