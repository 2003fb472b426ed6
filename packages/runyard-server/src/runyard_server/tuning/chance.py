"""Uniform numbers and shuffles that are functions of a key: no generator, no state, no order.

What a trial is given depends on the sweep's seed, the trial's number and a label, so a service that
was killed, or one that asks in another order, draws the same.
"""

import math
from hashlib import blake2b

# Three rounds of a Feistel network look random where its halves are wide (Luby and Rackoff, 1988);
# those of small spaces are not, and want more.
_ROUNDS = 6


def bits(*key: object) -> int:
    """64 bits of a key, as if they had been drawn."""
    # By repr: 1, 1.0 and "1" are three keys.
    text = "\x1f".join(map(repr, key)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def uniform(*key: object) -> float:
    """A number between 0 and 1, never one of the two, evenly distributed over keys."""
    # 52 bits and a half: the largest is below 1 as a float, too. Of 53 bits it would be rounded to
    # 1.
    return ((bits(*key) >> 12) + 0.5) / (1 << 52)


def shuffled(index: int, size: int, *key: object) -> int:
    """Where an index goes in the shuffle of `range(size)` that a key names.

    A Feistel network over the next power of four, walked until it is inside: any index costs the
    same, and nothing is kept.

    Args:
        index: From 0 to size - 1.
        size: How many there are.
        key: Names the shuffle.
    """
    half = max(1, math.ceil(max(1, (size - 1).bit_length()) / 2))
    mask = (1 << half) - 1
    while True:
        left, right = index >> half, index & mask
        for turn in range(_ROUNDS):
            left, right = right, left ^ (_wide(half, turn, right, *key) & mask)
        index = left << half | right
        # Outside it is put through again (cycle walking; Black and Rogaway, 2002), which keeps it a
        # permutation. The network is less than four times as large, so four turns are what to
        # expect.
        if index < size:
            return index


def _wide(width: int, *key: object) -> int:
    """As many bits of a key as a half of the network has."""
    found = bits(*key)
    for more in range(1, math.ceil(width / 64)):
        found = found << 64 | bits(more, *key)
    return found
