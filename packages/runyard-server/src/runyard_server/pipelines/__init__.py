"""The graph of a pipeline, what makes two steps equal, and when schedules are due: pure functions.

No database, no clock and no run is known here, so everything can be tried with plain values:
`graph` has the order of steps and their places in a picture, `keys` when one step may stand for
another, and why not; `recurrence` and `cron` have the next time of a schedule.
"""
