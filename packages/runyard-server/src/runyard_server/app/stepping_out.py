"""A service that a job has started, because none ran, outlives that job.

Everything that a job starts bears its agent's mark and is ended with it; `runyard.runtime.mark`
tells what that is. A service for everybody lowers the marking limit by one, by which agents see
that it, and whatever it starts, is not the job's.
"""

import resource

# RLIMIT_LOCKS; numbers below this are no marks.
LOCKS = 10
LEAST = 1 << 40


def step_out() -> None:
    """Belong to no job from here on."""
    hard = resource.getrlimit(LOCKS)[1]
    if hard != resource.RLIM_INFINITY and hard >= LEAST:
        resource.setrlimit(LOCKS, (hard - 1, hard - 1))
