"""What a check found: fine, worth knowing, or broken; and the one command that mends it."""

from runyard.protocol.service import DoctorReport, Finding

__all__ = ["BROKEN", "NOTE", "OK", "DoctorReport", "Finding"]

OK = "ok"
NOTE = "note"
BROKEN = "broken"
