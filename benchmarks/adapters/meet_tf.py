"""Meets all processes that TF_CONFIG names, and says when: stands for a framework's first step.

Each listens where it is told to and tells each other its name; it is through when it has heard of
all. argv: the folder for the marks.
"""

import json
import os
import socket
import sys
import threading
import time

RETRY_SECONDS = 0.002


def main() -> None:
    """Meet the others and write the time."""
    told = json.loads(os.environ["TF_CONFIG"])
    everyone = [address for part in sorted(told["cluster"]) for address in told["cluster"][part]]
    task = told["task"]
    mine = told["cluster"][task["type"]][task["index"]]
    host, port = mine.rsplit(":", 1)
    server = socket.create_server((host, int(port)), backlog=64)
    others = [address for address in everyone if address != mine]
    caller = threading.Thread(target=call, args=(mine, others))
    caller.start()
    heard = {listen(server) for _ in others}
    caller.join()
    now = time.time()
    if heard != set(others):
        sys.exit(f"{mine} heard of {heard} instead of {others}")
    with open(os.path.join(sys.argv[1], str(everyone.index(mine))), "w") as file:  # noqa: PTH118, PTH123 - as cheap as can be
        file.write(repr(now))
    print("met", flush=True)


def listen(server: socket.socket) -> str:
    """The name that the next caller tells."""
    connection, _ = server.accept()
    with connection, connection.makefile() as lines:
        return lines.readline().strip()


def call(mine: str, others: list[str]) -> None:
    """Connect to each of the others and send this name."""
    for address in others:
        host, port = address.rsplit(":", 1)
        while True:
            try:
                connection = socket.create_connection((host, int(port)))
                break
            except ConnectionRefusedError:
                time.sleep(RETRY_SECONDS)
        with connection:
            connection.sendall(mine.encode() + b"\n")


main()
