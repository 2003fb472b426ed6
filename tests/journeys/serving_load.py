"""Clients that call endpoints without a pause worth the name, and write down what became of it.

They are a process of their own, one thread for each connection. Each body has an id that no other
has, and the script answers with it: an answer for another request is told. A line of a ledger is
`<begin> <end> <endpoint> <outcome>`, times as of CLOCK_MONOTONIC, which all processes share.
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OK, WRONG, BROKEN, REFUSED = "ok", "wrong", "broken", "refused"
# Answers with the id that it got, and with what it is itself.
SCRIPT = """
import json, os, time

def init():
    global told
    told = {"endpoint": os.environ["SERVICE_NAME"], "worker": os.getpid(), "mark": MARK}

def run(data):
    time.sleep(PAUSE)
    return dict(told, id=json.loads(data)["id"])
"""
_CLIENT = """
import http.client, json, os, sys, threading, time

targets, pause, ledger = json.loads(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
ledger = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
ended = threading.Event()

def call(target, connection, number):
    body = json.dumps({"id": number, "filler": "x" * (number % 3000)})
    headers = {"Authorization": "Bearer " + target["key"], "Content-Type": "application/json"}
    connection.request("POST", "/score", body, headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        return str(answer.status) + " " + text.decode("utf-8", "replace")[:200].replace("\\n", " ")
    found = json.loads(text)
    fits = found["id"] == number and found["endpoint"] == target["name"]
    return "ok %s" % found["mark"] if fits else "wrong %s %s" % (number, text.decode())

def work(target, first):
    number, connection = first, None
    while not ended.is_set():
        number += 1000
        began = time.monotonic()
        try:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", target["port"], timeout=120)
                connection.connect()
                connection.sock.setsockopt(6, 1, 1)
        except OSError as error:
            connection = None
            outcome = "refused %r" % error
        else:
            try:
                outcome = call(target, connection, number)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                connection = None
                outcome = "broken %r" % error
        line = "%.6f %.6f %s %s\\n" % (began, time.monotonic(), target["name"], outcome)
        os.write(ledger, line.encode())
        time.sleep(pause if outcome.startswith("ok") else max(pause, 0.02))

threads = []
for target in targets:
    for _ in range(target["connections"]):
        threads.append(threading.Thread(target=work, args=(target, len(threads) + 1)))
for each in threads:
    each.start()
sys.stdin.read()
ended.set()
for each in threads:
    each.join()
"""


@dataclass(frozen=True)
class Call:
    """What became of one request: times, the endpoint, and `ok`, `broken`, … or an HTTP status."""

    began: float
    ended: float
    endpoint: str
    outcome: str
    more: str = ""


class Load:
    """Clients at work; they begin with the object.

    Args:
        endpoints: What they call, with how many connections each.
        pause: Seconds between an answer and the next request of a connection.
        ledger: The file that they write.
    """

    def __init__(self, endpoints: dict[Any, int], pause: float, ledger: Path) -> None:
        targets = [
            {
                "name": each.name,
                "port": int(each.address.rpartition(":")[2]),
                "key": each.keys()[0],
                "connections": count,
            }
            for each, count in endpoints.items()
        ]
        self.ledger = ledger
        self._place = 0
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CLIENT, json.dumps(targets), str(pause), str(ledger)],
            stdin=subprocess.PIPE,
        )

    def calls(self) -> list[Call]:
        """What has become of all requests so far."""
        if not self.ledger.exists():
            return []
        found = []
        for line in self.ledger.read_text().split("\n")[:-1]:
            began, ended, endpoint, outcome, *more = line.split(" ", 4)
            found.append(Call(float(began), float(ended), endpoint, outcome, " ".join(more)))
        return found

    def until(self, count: int, seconds: float = 60) -> None:
        """Wait for so many answers."""
        deadline = time.monotonic() + seconds
        while sum(each.outcome == OK for each in self.calls()) < count:
            assert time.monotonic() < deadline, self.calls()[-5:]
            time.sleep(0.1)

    def end(self) -> list[Call]:
        """Have each client finish what it has asked; gives what became of all requests."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(180) == 0
        return self.calls()

    def kill(self) -> None:
        """End them at once, if they are there."""
        self._process.kill()
        self._process.wait()


def script(mark: str, pause: float = 0.0) -> str:
    """A score.py that answers with the id of its request.

    Args:
        mark: What it tells of itself.
        pause: How many seconds it takes.
    """
    return f"MARK = {mark!r}\nPAUSE = {pause!r}\n{SCRIPT}"
