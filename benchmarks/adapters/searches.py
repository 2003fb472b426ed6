"""What B5 asks for: each order, each kind of filter, several orders, and filters with orders."""

from __future__ import annotations

from runyard.protocol.search import Search

TOP = "parent IS NULL"
ATTRIBUTES = (
    *("id", "name", "experiment", "number", "status", "active", "type", "target", "parent"),
    *("user", "nodes", "attempt", "created_at", "started_at", "ended_at", "duration"),
    *("snapshot", "environment", "description"),
)
NAMED = ("metrics.loss", "params.lr", "params.seed", "params.optimizer", "tags.team", "tags.note")
FILTERS = (
    # equality
    "status = 'Failed'",
    "experiment = 'e-7'",
    "experiment = 'old'",
    "user = 'Jürgen'",
    "user = 'ann'",
    "active = TRUE",
    "params.lr = 0.1",
    "params.batch = 8192",
    "params.seed = 77",
    "tags.team = 'a'",
    "id = 'e-7_77'",
    # ranges
    "created_at > '2023-11-20'",
    "duration > 20000",
    "duration < 100",
    "metrics.loss < 0.5",
    "metrics.loss < 0.0005",
    "number > 5000 AND number < 5100",
    # texts
    "name LIKE 'amber%'",
    "name LIKE 'amber brisk 77%'",
    "name LIKE '%77777%'",
    "name ILIKE '%AMBER%'",
    "name ILIKE '%99999%'",
    "name ILIKE '%nothing like it%'",
    "id ILIKE '%_7777%'",
    "tags.note ILIKE '%77777%'",
    "tags.team ILIKE '%A%'",
    "params.optimizer ILIKE '%prop%'",
    "description ILIKE '%ivory%'",
    "user ILIKE '%jür%'",
    "experiment ILIKE '%-7'",
    # exclusions and lacks
    "status != 'Completed'",
    "status NOT IN ('Completed', 'Failed')",
    "tags.team IS NULL",
    "ended_at IS NULL",
    "metrics.loss IS NULL",
    # several
    "status = 'Failed' AND experiment = 'e-7'",
    "status = 'Failed' AND params.lr = 0.1",
    "params.lr = 0.1 AND params.batch = 8192",
    "params.lr = '0.1' AND tags.team = 'a'",
    "experiment = 'old' AND created_at > '2023-11-20'",
    "status = 'Failed' AND user = 'Jürgen' AND nodes = 4",
    "metrics.loss < 0.01 AND metrics.accuracy < 0.01",
    "target = 'gpu' AND metrics.loss < 0.002",
    "duration > 10000 AND status = 'Canceled'",
)
ON_TOP = ("created_at", "duration", "status", "metrics.loss")
PAIRS = (
    ["status", "metrics.loss"],
    ["status", "ended_at DESC"],
    ["experiment", "created_at DESC"],
    ["experiment DESC", "metrics.loss DESC"],
    ["experiment", "user"],
    ["target", "duration DESC"],
    ["user", "created_at DESC"],
    ["params.lr", "metrics.loss"],
    ["params.optimizer", "duration"],
    ["tags.team DESC", "name"],
    ["nodes DESC", "started_at"],
    ["metrics.loss", "metrics.accuracy"],
    ["active", "duration DESC"],
    ["status", "user", "metrics.loss DESC"],
    ["snapshot", "created_at"],
)
ORDERED_FILTERS = (
    ("experiment = 'old'", "ended_at DESC"),
    ("experiment = 'old'", "duration DESC"),
    ("experiment = 'old'", "metrics.loss"),
    ("experiment = 'e-7'", "metrics.loss DESC"),
    ("experiment = 'e-7'", "name"),
    ("experiment = 'old'", "user DESC"),
    ("status = 'Failed'", "metrics.loss"),
    ("status = 'Failed'", "duration DESC"),
    ("metrics.loss < 0.5", "metrics.accuracy DESC"),
    ("metrics.loss < 0.5", "metrics.loss DESC"),
    ("params.lr = '0.1' AND tags.team = 'a'", "metrics.loss"),
    ("params.batch = 8192", "metrics.loss"),
    ("tags.team = 'a' AND status = 'Failed'", "ended_at DESC"),
    ("name LIKE 'amber%'", "name DESC"),
    ("name ILIKE '%99999%'", "metrics.loss"),
    ("user = 'Jürgen'", "duration DESC"),
    ("created_at > '2023-11-20'", "metrics.loss"),
)
COLUMNS = ("metrics.loss", "metrics.accuracy", "params.lr", "params.optimizer", "tags.team")
GROUPS = {
    "orders": (
        Search(),
        *(Search("", [f"{name}{way}"]) for name in (*ATTRIBUTES, *NAMED) for way in ("", " DESC")),
        *(Search(TOP, [f"{name}{way}"]) for name in ON_TOP for way in ("", " DESC")),
    ),
    "filters": tuple(Search(text) for text in FILTERS),
    "orders by two": tuple(Search(text, order) for text in ("", TOP) for order in PAIRS),
    "filters and orders": tuple(Search(text, [order]) for text, order in ORDERED_FILTERS),
    "named columns": tuple(
        Search(text, order, list(COLUMNS))
        for text, order in (("", []), ("", ["metrics.loss"]), ("status = 'Failed'", ["name"]))
    ),
}
"""By what is hard about them."""


def told(asked: Search) -> str:
    """A search in words."""
    return f"{asked.filter or 'all'}, by {' then '.join(asked.order_by) or 'age'}"
