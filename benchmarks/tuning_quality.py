"""Whether our TPE, with its bounded view, finds as much as Optuna's own, which sees everything.

    .venv/bin/python benchmarks/tuning_quality.py --trials 1000 --history 600 --seeds 20

Fails if it is worse on one of three functions by more than chance explains. Prints a table for
docs/benchmarks.md; 20 seeds of 500 trials take ten minutes of a processor, of 1,000 an hour.

A view of 250 trials or more has all that TPE takes for good: a tenth of the trials, but at most 25.
A smaller one has fewer, and finds less; the service's is 600.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from runyard_server.testing.tuning_quality import PROBLEMS, Comparison, compare


def main() -> int:
    """Compare, print, and fail if ours is worse."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--history", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--problem", type=int, choices=range(len(PROBLEMS)), help="only this one")
    asked = parser.parse_args()
    print("| function | median regret, ours | Optuna's | ours / Optuna's | worse |")
    print("|---|---:|---:|---:|---|")
    worse = 0
    chosen = PROBLEMS if asked.problem is None else [PROBLEMS[asked.problem]]
    for problem in chosen:
        found = compare(problem, asked.trials, asked.seeds, asked.history)
        print(_row(found), flush=True)
        worse += found.is_worse
    return 1 if worse else 0


def _row(found: Comparison) -> str:
    low, high = (found.ratio * 2.718281828 ** (sign * 1.96 * found.error) for sign in (-1, 1))
    return (
        f"| {found.problem.name} | {statistics.median(found.ours):.3g} | "
        f"{statistics.median(found.optunas):.3g} | {found.ratio:.2f} ({low:.2f} … {high:.2f}) | "
        f"{'yes' if found.is_worse else 'no'} |"
    )


if __name__ == "__main__":
    sys.exit(main())
