"""Experiments: made, found, renamed, deleted, restored, tagged, searched."""

import time

from mlflow.entities import ViewType


def make_and_get(world):
    """An experiment is found by its id and by its name, with its tags."""
    name = world.name("Übung mit / und 'Zeichen'")
    made = world.client.create_experiment(name, tags={"team": "vision", "stage": "draft"})
    by_id, by_name = world.client.get_experiment(made), world.client.get_experiment_by_name(name)
    return {
        "name": world.plain(by_id.name),
        "same": by_id.experiment_id == by_name.experiment_id == made,
        "stage": by_id.lifecycle_stage,
        "tags": by_name.tags,
        "times": by_id.creation_time <= by_id.last_update_time,
        "place": by_id.artifact_location.replace(made, "<id>"),
    }


def get_none(world):
    """One that does not exist is told apart from a fault."""
    return {
        "by_name": world.client.get_experiment_by_name(world.name("nobody")),
        "by_id": world.refused(world.client.get_experiment, "123456789"),
    }


def make_twice(world):
    """A name is given once, also while its experiment is deleted."""
    name = world.name("once")
    made = world.client.create_experiment(name)
    first = world.refused(world.client.create_experiment, name)
    world.client.delete_experiment(made)
    return [first, world.refused(world.client.create_experiment, name)]


def default_is_there(world):
    """There is always an experiment 0 of the name Default."""
    found = world.client.get_experiment("0")
    return {
        "name": found.name,
        "by_name": world.client.get_experiment_by_name("Default").experiment_id,
        "run": world.client.get_run(world.run("0")).info.experiment_id,
    }


def rename(world):
    """A renamed experiment is found by its new name alone, and its runs stay with it."""
    made = world.experiment("before")
    run = world.run(made)
    world.client.rename_experiment(made, world.name("after"))
    again = world.client.create_experiment(world.name("before"))
    return {
        "name": world.plain(world.client.get_experiment(made).name),
        "found": world.client.get_experiment_by_name(world.name("after")).experiment_id == made,
        "old name is free": again != made,
        "run": world.client.get_run(run).info.experiment_id == made,
        "runs": [len(world.client.search_runs([one])) for one in (made, again)],
        "taken": world.refused(world.client.rename_experiment, again, world.name("after")),
    }


def delete_and_restore(world):
    """A deleted experiment takes its runs along, takes no new ones, and comes back with them."""
    made = world.experiment()
    run = world.run(made)
    world.client.delete_experiment(made)
    gone = world.client.get_experiment(made).lifecycle_stage
    gone_run = world.client.get_run(run).info.lifecycle_stage
    refused = world.refused(world.client.create_run, made)
    twice = world.refused(world.client.delete_experiment, made)
    world.client.restore_experiment(made)
    return {
        "deleted": [gone, gone_run],
        "refused": [refused, twice],
        "restored": [
            world.client.get_experiment(made).lifecycle_stage,
            world.client.get_run(run).info.lifecycle_stage,
            world.refused(world.client.restore_experiment, made),
        ],
    }


def tag(world):
    """Tags are set, replaced and removed."""
    made = world.experiment()
    world.client.set_experiment_tag(made, "a", "1")
    world.client.set_experiment_tag(made, "a", "2")
    world.client.set_experiment_tag(made, "b.c/d", "long " * 100)
    before = world.client.get_experiment(made).tags
    if world.is_new:
        world.client.delete_experiment_tag(made, "b.c/d")
    return {
        "a": before["a"],
        "b": len(before["b.c/d"]),
        "bad name": world.refused(world.client.set_experiment_tag, made, "a$b", "1"),
        "after": sorted(world.client.get_experiment(made).tags) if world.is_new else ["a"],
    }


def search(world):
    """Experiments are found by name, pattern, tag and view, in the order that is asked for."""
    ids = {}
    for letter, tags in (("a", {"k": "x"}), ("b", {"k": "y"}), ("Ab", {})):
        ids[letter] = world.experiment(letter, tags=tags)
        # Creation is told in milliseconds, and is the order where none is asked for.
        time.sleep(0.005)
    world.client.delete_experiment(ids["b"])

    def found(filter_string="", **more: object):
        mine = f"name LIKE '%-{world.mark}'"
        text = f"{mine} AND {filter_string}" if filter_string else mine
        several = world.client.search_experiments(filter_string=text, **more)
        return [world.plain(one.name) for one in several]

    return {
        "newest first": found(),
        "by name": found(order_by=["name ASC"]),
        "by name, down": found(order_by=["name DESC"]),
        "deleted": found(view_type=ViewType.DELETED_ONLY),
        "all": found(view_type=ViewType.ALL, order_by=["creation_time"]),
        "equal": found(f"name = 'a-{world.mark}'"),
        "like": found("name LIKE 'a%'"),
        "ilike": found("attribute.name ILIKE 'a%'", order_by=["name"]),
        "tag": found("tags.k = 'x'"),
        "tag is not": found("tag.k != 'x'", view_type=ViewType.ALL),
        "created": found("creation_time > 0 AND last_update_time > 5", order_by=["name"]),
        "wrong": world.refused(world.client.search_experiments, filter_string="colour = 'x'"),
        "wrong order": world.refused(world.client.search_experiments, order_by=["colour"]),
    }


def search_by_page(world):
    """Pages of experiments follow one another without a gap."""
    names = [world.name(f"page{number}") for number in range(5)]
    for name in names:
        world.client.create_experiment(name)
    found, token, sizes = [], None, []
    while True:
        page = world.client.search_experiments(
            max_results=2,
            filter_string=f"name LIKE 'page%-{world.mark}'",
            order_by=["name ASC"],
            page_token=token,
        )
        found += [one.name for one in page]
        sizes.append(len(page))
        token = page.token
        if not token:
            return {"all": found == names, "sizes": sizes}


def wrong_names(world):
    """An experiment needs a name, and one that is not endless."""
    return [world.refused(world.client.create_experiment, name) for name in ("", "x" * 501)]
