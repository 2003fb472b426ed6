"""Filters and orders of all nouns, as MLflow's own tests ask for them: spelling, quotes, nulls."""

import math
import time

# A filter is sent as it was written: what one line of clients gets, the other does.
NEW_ONLY = True
# No filter of these is read differently by the two: what each of them reads beyond is documented.
_RUN_FILTERS = """metrics.`m a` = 1
metrics."m a" >= 1
metric.`m a` < 2
metrics.`m/b` = 1
metrics.`m/b` > 0
metrics.i > 0
metrics.i < 0
metrics.neg = -1.5
metrics.neg > -1.6e0
metrics.z = 0
metrics.z = '0'
metrics.z = abc
metrics.z LIKE '0'
metrics.z BETWEEN 0 AND 1
params.num > '9'
params.num = '10'
params.empty = ''
params.empty IS NOT NULL
params.empty IS NULL
params.pct LIKE '100%'
params.und LIKE 'a__'
params.p_a ILIKE '%B%'
params.p_a Like 'ab%'
parameter.p_a = "abc"
params.p_a = 'abc' AND params.p_a LIKE 'a%'
params.p_a = 'abc' and params.num = '10' AND metrics.`m a` = 1
(params.p_a = 'abc')
params.p_a = abc
foo.p = 'abc'
params.p_a = 'abc', params.num = '10'
tags.`a b` = 'x'
tags."a b" = 'x'
tag.`t-1` != '1'
tags.quote = "it's"
tags.Up ILIKE 'up'
tags.up = 'UP'
tags.`mlflow.runName` ILIKE 'R%'
tags.`mlflow.user` = 'nobody'
attributes.run_name ILIKE 'r3'
attributes.`Run name` = 'r1'
attributes."Run Name" = 'r1'
run_name = r1
status ILIKE 'run%'
status != 'NOSUCH'
attr.status = 'RUNNING'
attributes.start_time >= 1600000001000
start_time > '5'
Created > 1600000001000
end_time > 0
attributes.run_id IN ()
attributes.run_id IN (1,2)
attributes.user_id != 'x'
attributes.experiment_id = '1'
nosuch = 'x'
dataset.nosuch = 'x'
dataset.name != 'x'
  params.p_a='abc'
params.p_a   =   'abc'
params.p_a = NULL
metrics.z = NaN"""


# By these words programs know what was wrong.
_FAULTS = (
    ("models", "name!=something", None, "not quoted or unidentified quote types used for string"),
    ("models", "name = 'a' OR name = 'b'", None, "Invalid clause(s) in filter string"),
    ("models", "evilhax = true", None, "Invalid clause(s) in filter string"),
    ("models", "name LIKE", None, "Invalid clause(s) in filter string"),
    ("models", "run_id = 'x'", None, "Invalid attribute key 'run_id' specified"),
    ("models", "", "creation_timestamp", "Invalid order by key 'creation_timestamp' specified"),
    ("models", "", "timestamp DESC blah", "Invalid order_by clause 'timestamp DESC blah'"),
    ("versions", "run_id IN (1,2)", None, "but got different type in list"),
    ("versions", "run_id IN ()", None, "expected a non-empty list of string values, but got empty"),
    ("versions", "run_id IN (,)", None, "non-empty list of string values, but got ill-formed"),
    ("versions", "run_id IN ('a',,'b')", None, "list of string values, but got ill-formed list"),
    ("versions", "run_id IN (", None, "Invalid clause(s) in filter string"),
    ("versions", "run_id IN", None, "Invalid clause(s) in filter string"),
    ("versions", "version_number LIKE '1'", None, "Invalid comparator"),
    ("versions", "", "run_id", "Invalid attribute key 'run_id' specified"),
    ("versions", "metrics.m > 1", None, "Invalid entity type 'metrics'"),
    ("runs", "metrics.m > 'x'", None, "Expected numeric value type for metric. Found 'x'"),
    ("runs", "params.p > 'x'", None, "Invalid comparator '>'"),
    ("runs", "status > 'x'", None, "Invalid comparator '>'"),
    ("runs", "status = 5", None, "Expected a quoted string value for attributes. Got value 5"),
    ("runs", "datasets.name > 'x'", None, "Invalid comparator '>'"),
    ("runs", "start_time > 'x'", None, "Expected numeric value type for numeric attribute"),
    ("runs", "foo.m = 'x'", None, "Invalid entity type 'foo'"),
    ("runs", "", "metrics.m DESC ASC", "Invalid order_by clause 'metrics.m DESC ASC'"),
    ("experiments", "name > 'x'", None, "Invalid comparator '>'"),
    ("experiments", "name = x", None, "not quoted or unidentified quote types used for string"),
    ("experiments", "tags.a = 5", None, "Expected a quoted string value for tag"),
    ("experiments", "", "", "Invalid order_by clause ''"),
)


def words(world):
    """What makes no sense is refused in the words by which programs know it; lists the others."""
    client, run = world.client, world.experiment()
    acts = {
        "models": client.search_registered_models,
        "versions": client.search_model_versions,
        "runs": lambda text, **more: client.search_runs([run], text, **more),
        "experiments": lambda text, **more: client.search_experiments(filter_string=text, **more),
    }
    found = []
    for noun, text, order, told in _FAULTS:
        more = {} if order is None else {"order_by": [order]}
        message = world.message(acts[noun], text, **more)
        found += [] if told in message else [[noun, text, order, message]]
    for noun, act in acts.items():
        message = world.message(act, "", page_token="evilhax")
        found += [] if "Invalid page token, could not base64-decode" in message else [noun]
    return found


def _asked(world, act, *arguments: object, **named: object):
    """What is answered, or the code of the refusal."""
    found = []
    code = world.refused(lambda: found.append(act(*arguments, **named)))
    return found[0] if code == "accepted" else code


def runs(world):
    """Every spelling of a filter that MLflow's server reads finds the same runs."""
    client, experiment = world.client, world.experiment()
    rows = [
        (
            {"a b": "x", "t-1": "1", "quote": "it's"},
            {"p_a": "abc", "num": "10", "empty": ""},
            {"m a": 1.0, "m/b": math.nan, "i": math.inf, "neg": -1.5},
        ),
        (
            {"t-1": "2", "Up": "UP"},
            {"p_b": "ABC", "num": "9", "pct": "100%", "und": "a_b"},
            {"m a": 2.0, "i": -math.inf, "z": 0.0},
        ),
        ({}, {}, {}),
    ]
    for number, (tags, params, metrics) in enumerate(rows):
        start = 1_600_000_000_000 + number * 1000
        name = ("r1", "r2", "R3")[number]
        run = world.run(experiment, run_name=name, start_time=start, tags=tags)
        for name, value in params.items():
            client.log_param(run, name, value)
        for name, value in metrics.items():
            client.log_metric(run, name, value, timestamp=1, step=1)
        if number == 1:
            client.set_terminated(run, "FINISHED", start + 500)

    def found(text):
        return sorted(one.info.run_name for one in client.search_runs([experiment], text))

    return {text: _asked(world, found, text) for text in _RUN_FILTERS.split("\n")}


def orders_of_runs(world):
    """Infinities are the ends of an order, what is no number comes behind, none at all last."""
    client, experiment = world.client, world.experiment()
    several = [None, "inf", "-inf", "-1000", "0", "1000"]
    for number, value in enumerate(several):
        run = world.run(experiment, run_name=str(value), start_time=1000 - number)
        if value is not None:
            client.log_metric(run, "x", float(value), 1, 0)
            client.log_metric(run, "y", float(number), 1, 0)
        client.log_param(run, "p", str(number))

    def found(*order: str):
        several = client.search_runs([experiment], order_by=list(order))
        return [one.info.run_name for one in several]

    asked = [
        ("metrics.x asc", "metrics.y asc"),
        ("metrics.`x`  DESC",),
        ("metrics.x\tDESC", "params.p"),
        ("params.p DESC",),
        ("attribute.Created",),
        ("user_id",),
        ("run_name",),
        ("nosuch",),
        ("metrics.x, metrics.y",),
        ("metrics.x ASC DESC",),
        ("dataset.name",),
    ]
    return {" | ".join(order): _asked(world, found, *order) for order in asked}


def experiments(world):
    """Experiments are found by every spelling, and in every order that there is."""
    client, mark = world.client, world.mark
    for name, tags in (
        ("a", {"k": "value", "k e y": "v"}),
        ("ab", {"k": "vaLue"}),
        ("Abc", {}),
        ("it's", {"k": ""}),
    ):
        world.experiment(name, tags=tags)
        time.sleep(0.003)

    def found(text="name != ''", **more: object):
        wanted = f"name LIKE '%-{mark}' AND {text}"
        several = client.search_experiments(filter_string=wanted, **more)
        return [world.plain(one.name) for one in several]

    filters = [
        f"attribute.`name` != 'a-{mark}'",
        "tag.`k e y` = 'v'",
        "tag.\"k e y\" = 'v'",
        "tags.k != 'value'",
        "tag.k LIKE 'va%'",
        "tag.k ILIKE '%ALU%'",
        "tag.K = 'value'",
        "tag.k IS NULL",
        "tag.k IS NOT NULL",
        "tag.k = ''",
        "tag.k = 5",
        "creation_time > '5'",
        "creation_time LIKE '5'",
        "experiment_id = '1'",
        "lifecycle_stage = 'active'",
        "name = a",
        'name LIKE "it\'s%"',
    ]
    orders = ["name", "name DESC", "creation_time", "attribute.name DESC", "tags.k", "name foo"]
    return {
        **{world.plain(text): _asked(world, found, text) for text in filters},
        **{f"by {order}": _asked(world, found, order_by=[order]) for order in orders},
        "sizes": [world.refused(client.search_experiments, max_results=n) for n in (0, 50_001)],
        "token": world.refused(client.search_experiments, page_token="evil"),
    }


def models(world):
    """Registered models are found by name and tag, in any case, in any order."""
    client, mark = world.client, world.mark
    rows = {
        "RM1": {"t1": "abc", "t2": "xyz"},
        "RM2": {"t1": "abcd", "t3": "XYZ"},
        "rm4A": {},
        "RM4ab": {},
    }
    for name, tags in rows.items():
        client.create_registered_model(world.name(name), tags)
        time.sleep(0.003)

    def found(text="name != ''", **more: object):
        several = client.search_registered_models(f"name LIKE '%-{mark}' AND {text}", **more)
        return [world.plain(one.name) for one in several]

    filters = [
        "name lIkE '_M%'",
        "name ILIKE 'rm4%'",
        "name!=something",
        "run_id='x'",
        "evilhax = true",
        "tag.t3 = 'XYz'",
        "tag.T3 = 'XYZ'",
        "tag.t1 != 'abcd' and tag.t1 LIKE 'ab%'",
        "tag.`t1` ILIKE 'aB%'",
        "tags.t1 LIKE 'ab%' AND tags.t2 LIKE 'xy%'",
        "tags.`mlflow.prompt.is_prompt` != 'true'",
        "name LIKE",
    ]
    orders = [
        ["name   DESC"],
        ["timestamp\tASC"],
        ["timestamp  deSc", "name deSc"],
        ["last_updated_timestamp DESC"],
        ["name ASC", "last_updated_timestamp DESC blah"],
        ["run_id"],
    ]
    return {
        **{text: _asked(world, found, text) for text in filters},
        **{f"by {order}": _asked(world, found, order_by=order) for order in orders},
        "token": world.refused(client.search_registered_models, page_token="evilhax"),
        "size": world.refused(client.search_registered_models, max_results=1001),
    }


def versions(world):
    """Versions are found by number, run, source and tag; lists that are none are refused."""
    client, name = world.client, world.name("net")
    client.create_registered_model(name)
    rows = [("A", "a", {"t2": "xyz"}), ("B", "b", {"t2": "x123"}), ("C", "b", {}), ("C", "d", {})]
    for source, run, tags in rows:
        client.create_model_version(name, f"s3://x/{source}", run * 32, tags)
        time.sleep(0.003)

    def found(text="version_number > 0", **more: object):
        several = client.search_model_versions(f"name = '{name}' AND {text}", **more)
        return [str(one.version) for one in several]

    first, second = "a" * 32, "b" * 32
    filters = [
        "version_number<=3",
        "version_number = '2'",
        "version_number LIKE '2'",
        f"run_id IN ('{first}','{second}')",
        f"version_number=2 AND run_id IN ('{first.upper()}', '{second}')",
        "run_id ILIKE 'BBB%'",
        "run_id IN (1,2,3)",
        "run_id IN ()",
        "run_id IN (",
        "run_id IN",
        "run_id IN (,)",
        "run_id IN ('a',,'b')",
        "source_path = 's3://x/C'",
        "source_path LIKE 's3://x%'",
        "source = 's3://x/C'",
        "tag.`t2` ILIKE 'XY%'",
        "tag.t2 like 'x%' and tag.t2 != 'xyz'",
        "current_stage = 'None'",
        "version = 1",
    ]
    orders = ["version_number DESC", "creation_timestamp DESC", "run_id DESC", "source_path"]
    return {
        **{text: _asked(world, found, text) for text in filters},
        **{f"by {order}": _asked(world, found, order_by=[order]) for order in orders},
        "token": world.refused(client.search_model_versions, page_token="evilhax"),
        "size": world.refused(client.search_model_versions, max_results=200_001),
    }
