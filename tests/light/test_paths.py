"""Names of files on the wire: every name that Linux allows, apart and back again."""

import itertools
import os

import pytest

from runyard.protocol import paths

ODD = [
    b"caf\xe9.txt",
    b"caf%E9.txt",
    "café.txt".encode(),
    b"x\\y",
    b"x_y",
    b"x%5Cy",
    b"new\nline",
    b"tab\t",
    b"del\x7f",
    b"%",
    b"%%0A",
    b"%2",
    b"%25",
    b"%255C",
    b" lead",
    b"trail ",
    b"dots...",
    b"\xff\xfe",
    "汉 字".encode(),
]


@pytest.mark.parametrize("raw", ODD)
def test_a_name_comes_back_as_it_was(raw):
    """What was kept under another spelling can be given its own name again."""
    name = os.fsdecode(raw)
    written = paths.escaped(name)
    assert written.encode("utf-8").decode("utf-8").isprintable()
    assert "\\" not in written
    assert paths.unescaped(written) == name


def test_no_two_names_are_written_alike():
    """A file never takes another's place: all names of up to four odd characters are apart."""
    signs = ["%", "2", "5", "C", "\\", "\n", "\udce9", "a"]
    spelled = (itertools.product(signs, repeat=count) for count in (1, 2, 3, 4))
    names = ["".join(one) for one in itertools.chain(*spelled)]
    written = [paths.escaped(name) for name in names]
    assert len(set(written)) == len(names)
    assert [paths.unescaped(one) for one in written] == names


@pytest.mark.parametrize("name", ["100%.png", "my%20data.csv", "a b#c?d", "größe", "汉/字", "e%ff"])
def test_names_that_can_be_carried_stay(name):
    """Nobody looks for a file under a name it never had."""
    assert paths.escaped(name) == name


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("a/" * 255 + "f", ""),
        ("a/" * 256 + "f", "folders deep"),
        ("n" * 255, ""),
        ("n" * 256, "255 bytes"),
        ("汉" * 86, "255 bytes"),
        (("n" * 200 + "/") * 16, "3072 bytes"),
    ],
)
def test_depth_and_length_are_bounded(path, said):
    """A path that no system takes is told before anything is sent."""
    assert said in paths.unfit(path)
    assert bool(said) == bool(paths.unfit(path))
