"""The hash of a definition: the same for the same outcome, another for anything that matters."""

import pytest

from runyard.protocol.environments import EnvironmentDefinition


@pytest.fixture
def hash_of(room):
    """The hash of a definition, from its fields."""
    return lambda **fields: room.environments.definition_hash(EnvironmentDefinition(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"pip": ["beta", "alpha==1"], "python": "3.11"},
        {"pip": ["alpha==1", "beta", "beta  # a comment"], "python": "3.11"},
        {"pip": ["alpha==1\nbeta"], "conda": ["python=3.11"]},
        {
            "pip": ["alpha==1", "beta", "azureml-core"],
            "python": "3.11",
            "name": "x",
            "version": "7",
        },
        {"conda": ["alpha==1", "beta", "python=3.11", "cudatoolkit=10.0"]},
    ],
)
def test_what_changes_nothing_keeps_the_hash(hash_of, fields):
    """Order, comments, the name, dropped packages and conda's spelling do not rebuild."""
    assert hash_of(**fields) == hash_of(pip=["alpha==1", "beta"], python="3.11")


@pytest.mark.parametrize(
    "fields",
    [
        {"pip": ["alpha==2"]},
        {"pip": ["alpha==1"], "python": "3.11"},
        {"pip": ["alpha==1"], "index_url": "https://index.example"},
        {"pip": ["alpha==1"], "as_of": "2019-08-01"},
        {"pip": ["alpha==1", "--pre"]},
        {"user_managed": True, "interpreter": "python3"},
    ],
)
def test_what_matters_changes_the_hash(hash_of, fields):
    """A version, the Python, the index, the date and the options each make another environment."""
    assert hash_of(**fields) != hash_of(pip=["alpha==1"])


def test_a_hash_is_quick(room):
    """It is worked out for every run, in the scheduler's loop."""
    import time

    definition = room.definition(*(f"package{n}==1.{n}" for n in range(50)))
    room.environments.definition_hash(definition)
    begun = time.thread_time()
    room.environments.definition_hash(definition)
    assert time.thread_time() - begun < 0.05
