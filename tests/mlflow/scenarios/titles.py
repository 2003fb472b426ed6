"""Registered models under names of any text: blanks, quotes, percent signs, any letters."""

import os

TEXTS = (
    " two  words",
    "it's 100% a%20b",
    'say "so"',
    "a+b&c?d#e=f",
    "naïve 模型 🙂",
    "_under",
    "back\\slash\ttab `tick` <b>{x}[0]*",
)


def _made(world, text, **more: object):
    name = world.name(text)
    return name, world.client.create_registered_model(name, **more)


def names(world):
    """Any text but of `/` and `:` is a name, which is told as it was given."""
    client, found = world.client, {}
    for text in TEXTS:
        name, made = _made(world, text, tags={"a": "1"}, description="what for")
        client.set_registered_model_tag(name, "b", "2")
        told = client.get_registered_model(name)
        found[text] = [
            made.name == told.name == name and told.description == "what for",
            sorted(told.tags),
            world.refused(client.create_registered_model, name),
            [one.name == name for one in _equal(world, name)],
        ]
    return [text for text in TEXTS if found[text] != found[TEXTS[0]]] + [found[TEXTS[0]]]


def _equal(world, name):
    quote = "'" if '"' in name else '"'
    return world.client.search_registered_models(f"name = {quote}{name}{quote}")


def refused(world):
    """A name is not empty and has neither `/` nor `:`; what nobody has is not found."""
    client, name = world.client, world.name("two words")
    client.create_registered_model(name)
    bad = ["", " ", "a/b", "a:b", "models:/x"]
    return {
        "made": [world.refused(client.create_registered_model, one) for one in bad],
        "renamed": [world.refused(client.rename_registered_model, name, one) for one in bad],
        "got": [world.refused(client.get_registered_model, one) for one in bad],
        "nobody": world.refused(client.get_registered_model, world.name("no body")),
        "version": world.refused(client.get_model_version, name, "1"),
        "of nobody": world.refused(client.create_model_version, world.name("no body"), "s3://b/x"),
    }


def versions(world):
    """Versions of such a model are made, found, moved, pointed to and fetched."""
    import mlflow

    mlflow.set_tracking_uri(world.uri)
    client, found = world.client, []
    for text in ("two words", "it's 100% 模型"):
        name, _ = _made(world, text)
        run = world.run("0")
        client.log_artifact(run, world.file("model/MLmodel", text), "model")
        uri = f"{client.get_run(run).info.artifact_uri}/model"
        made = client.create_model_version(name, uri, run, {"k": "v"}, description="first")
        client.transition_model_version_stage(name, "1", "Staging")
        client.update_model_version(name, "1", "better")
        client.set_model_version_tag(name, "1", "t", "1")
        client.set_registered_model_alias(name, "best", "1")
        by_alias = client.get_model_version_by_alias(name, "best")
        latest = client.get_latest_versions(name, ["Staging"])
        target = os.path.join(world.folder, str(len(found)))  # noqa: PTH118
        os.makedirs(target)  # noqa: PTH103
        place = mlflow.artifacts.download_artifacts(f"models:/{name}/1", dst_path=target)
        with open(os.path.join(place, "MLmodel"), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            text_there = file.read()
        found.append(
            [
                {one.name == name for one in (made, by_alias, *latest)} == {True},
                [by_alias.current_stage, by_alias.description, by_alias.tags, [*by_alias.aliases]],
                [str(one.version) for one in client.search_model_versions(f'name = "{name}"')],
                [
                    world.plain(one.name)
                    for one in client.search_model_versions(f"run_id = '{run}'")
                ],
                {alias: str(n) for alias, n in client.get_registered_model(name).aliases.items()},
                text_there == text,
            ]
        )
        client.delete_registered_model_alias(name, "best")
        client.delete_model_version(name, "1")
        found[-1].append(world.refused(client.get_model_version, name, "1"))
    return found


def renamed(world):
    """A name becomes another text and a plain word, with its versions, and is free then."""
    client, found = world.client, []
    name, _ = _made(world, "first name")
    client.create_model_version(name, "s3://bucket/x")
    client.set_registered_model_alias(name, "best", "1")
    other, _ = _made(world, "an other")
    found.append(world.refused(client.rename_registered_model, name, other))
    for text in ("second name", "plain", "third name"):
        before, name = name, world.name(text)
        client.rename_registered_model(before, name)
        told = client.get_registered_model(name)
        found.append(
            [
                world.plain(told.name),
                world.plain(client.get_model_version_by_alias(name, "best").name),
                world.refused(client.get_registered_model, before),
                world.refused(client.create_registered_model, before),
            ]
        )
    client.delete_registered_model_alias(name, "best")
    client.delete_registered_model(name)
    found.append(world.refused(client.get_registered_model, name))
    client.create_registered_model(name)
    found.append(client.get_registered_model(name).latest_versions)
    return found


def searched(world):
    """Such names are found by their letters and stand in their order, page by page."""
    client = world.client
    several = ["b two", "B one", "a", "a!b", "a b", "é x", "plain", "z%z"]
    for text in several:
        name, _ = _made(world, text, tags={"first": text[0]})
        client.create_model_version(name, f"s3://bucket/{len(text)}")

    def plain(found):
        return [world.plain(one.name) for one in found]

    mark = f"name LIKE '%-{world.mark}'"
    models, versions, pages = client.search_registered_models, client.search_model_versions, []
    token = None
    while token is not None or not pages:
        page = models(mark, max_results=3, page_token=token)
        pages.append(plain(page))
        token = page.token or None
    return {
        "pages": pages,
        "down": plain(models(mark, order_by=["name DESC"])),
        "changed": plain(models(mark, order_by=["last_updated_timestamp DESC"], max_results=2)),
        "like": plain(models(f"{mark} AND name LIKE '% %'")),
        "begins": plain(models(f"name LIKE 'b %-{world.mark}'")),
        "ilike": plain(models(f"{mark} AND name ILIKE 'b %'")),
        "tag": plain(models(f"{mark} AND tags.first = 'a'")),
        "versions": plain(versions(mark, order_by=["name ASC"])),
        "versions down": plain(versions(mark, order_by=["name DESC"], max_results=3)),
        "versions like": plain(versions(f"{mark} AND name ILIKE 'A%'", order_by=["name ASC"])),
        "one": plain(versions(f"name = '{world.name('a b')}'", order_by=["name ASC"])),
        "version": plain(versions(f"{mark} AND version_number = '1'", order_by=["name ASC"])),
    }


def copied(world):
    """A version is copied to such a name, and from it."""
    client, name = world.client, world.name("copy of it")
    first, _ = _made(world, "first name")
    client.create_model_version(first, "s3://bucket/x", tags={"a": "b"})
    client.set_registered_model_alias(first, "best", "1")
    copy = client.copy_model_version(f"models:/{first}/1", name)
    again = client.copy_model_version(f"models:/{first}@best", name)
    return [
        [
            [world.plain(one.name), str(one.version), world.plain(one.source)]
            for one in (copy, again)
        ],
        client.get_model_version_download_uri(name, again.version),
    ]
