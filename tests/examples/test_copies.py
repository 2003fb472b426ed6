"""Each example is whole by itself, so some files are there several times."""


def test_the_reader_of_the_data_is_the_same_everywhere(example):
    """A fault mended in one copy is mended in all."""
    copies = sorted(example.parent.glob("*/utils.py"))
    assert len(copies) > 1
    assert len({copy.read_bytes() for copy in copies}) == 1


def test_the_script_that_is_swept_or_served_is_the_article_s(example):
    """Neither needs a change of the script: the copy is the original."""
    for name in ("tf-sweep", "tf-serve"):
        copy = example.parent / name / "tf_mnist.py"
        assert copy.read_bytes() == (example / "tf_mnist.py").read_bytes()
