"""Which Python a conda specification asks for."""

import pytest

from runyard.protocol.pythons import asked


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        ("", ""),
        ("3.7", "3.7"),
        ("=3.6.2", "3.6.2"),
        ("==3.8", "3.8"),
        ("=3.7.*", "3.7"),
        ("3.7.3=h0371630_0", "3.7.3"),
        ("=3.7.3=h0371630_0", "3.7.3"),
        (">=3.6", ""),
        (" >= 3.8", ""),
        (">=3.99", "3.99"),
        ("<3.9", "3.8"),
        ("<3.9.0", "3.8"),
        ("<3.8.5", "3.8"),
        ("<=3.8", "3.8"),
        ("<4", ""),
        (">=3.6,<3.9", "3.8"),
        (">=3.6,<3.7", "3.6"),
        ("[version='>=3.8,<3.9']", "3.8"),
        ("!=3.8", ""),
        ("~=3.7", ""),
        ("~=3.7.2", "3.7.2"),
        ("3.6|3.7", "3.7"),
    ],
)
def test_operators_count(spec, version):
    """`>=3.6` is no wish for 3.6, which no job can have, and `<3.9` is none for 3.9."""
    assert asked(spec) == version
