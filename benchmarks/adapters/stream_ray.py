"""Follows the log of a job with `ray job logs --follow`."""

from __future__ import annotations

import sys
from pathlib import Path

import view
from head import connect
from serve import serve

SCRIPT = str(Path(__file__).resolve().parent / "chatter.py")
client, address = connect()


def follow(kind: str, count: int) -> list:
    """Submit the script; the command that follows it."""
    job = client.submit_job(entrypoint=f"python {SCRIPT} {kind} {count}")
    program = str(Path(sys.executable).parent / "ray")
    return [program, "job", "logs", "--follow", "--address", address, job]


def volume(megabytes: int) -> dict:
    """A job that prints so much."""
    return view.volume(follow("volume", megabytes), megabytes)


def latency(count: int) -> dict:
    """A job that prints so many lines, one after the other."""
    return view.latency(follow("lines", count))


serve({"volume": volume, "latency": latency})
