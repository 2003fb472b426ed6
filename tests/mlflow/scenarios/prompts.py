"""Prompts of MLflow 3, which are registered models with tags of their own."""

NEW_ONLY = True


def life(world):
    """A prompt is registered, loaded by version, alias and `latest`, tagged, and is no model."""
    import mlflow

    mlflow.set_tracking_uri(world.uri)
    client, name = world.client, world.name("prompt")
    first = client.register_prompt(name, "Hello {{name}}", commit_message="first", tags={"a": "b"})
    client.register_prompt(name, "Bye {{name}}")
    client.set_prompt_alias(name, "prod", 1)
    client.set_prompt_tag(name, "x", "y")
    mine = f"name LIKE '%{world.mark}'"
    found = {
        "first": [first.version, first.template, first.commit_message, first.tags],
        "loaded": [
            client.load_prompt(f"prompts:/{name}{which}").template
            for which in ("/1", "@prod", "@latest")
        ],
        "prompts": [world.plain(one.name) for one in client.search_prompts(mine)],
        "models": [world.plain(one.name) for one in client.search_registered_models(mine)],
        "versions": [one.version for one in client.search_prompt_versions(name)],
        "tag": client.get_prompt(name).tags["x"],
        "word": "already taken by a prompt" in world.message(client.create_registered_model, name),
        "a model of its name": world.refused(client.create_registered_model, name),
    }
    client.delete_prompt_version(name, "2")
    found["left"] = [one.version for one in client.search_prompt_versions(name)]
    return found
