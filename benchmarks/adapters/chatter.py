"""The script whose output is followed; argv: `volume MEGABYTES` or `lines COUNT`."""

import sys
import time

LINE = b"a line of a log, as long as many are: epoch 12, step 3456, loss 0.1234, 789 examples/s\n"
SECONDS_BETWEEN = 0.1

kind, count = sys.argv[1], int(sys.argv[2])
if kind == "volume":
    block = LINE * (1_000_000 // len(LINE))
    for _ in range(count):
        sys.stdout.buffer.write(block)
else:
    for _ in range(count):
        print(f"{time.time():.6f}", flush=True)
        time.sleep(SECONDS_BETWEEN)
print("the end", flush=True)
