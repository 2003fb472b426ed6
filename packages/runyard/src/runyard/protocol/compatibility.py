"""Compatibility mode: today's framework in the place of one for which no Python can be had.

A lock in this mode says so in a line that installers pass over, `# compatibility
tensorflow==1.13.1 on tensorflow-cpu==2.21.0`. So it has another digest than a lock with the same
packages that is not, and nodes elsewhere know of it, too.
"""

# Nothing may take the place of what was asked for.
STRICT = "strict"
MARK = "# compatibility "
# The run's property that has the rest of that line.
PROPERTY = "runyard.compatibility"
# The variable of a job's processes with the same; their interpreters read it when they start.
VARIABLE = "RUNYARD_COMPATIBILITY"


def told(requirements: str) -> str:
    """Read what stands for what in a lock: `tensorflow==1.13.1 on …`; "" where it is not so.

    Args:
        requirements: The lock's lines.
    """
    # Cut, not split into lines: a lock has thousands, and this is asked at each start.
    _, mark, rest = ("\n" + requirements).partition("\n" + MARK)
    return rest.partition("\n")[0].strip() if mark else ""
