"""The loop that no tuner can beat: it sleeps for a millisecond again and again."""

from __future__ import annotations

import threading
import time

from serve import serve


def loop(trials: int, threads: int) -> dict:
    """Sleep so often, over so many threads."""

    def work() -> None:
        for _ in range(trials // threads):
            time.sleep(0.001)

    start = time.perf_counter()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"rate": trials / (time.perf_counter() - start)}


serve({"loop": loop})
