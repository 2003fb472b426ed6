"""The process of a function step, on every Python that jobs may have."""

import sys

from runyard.sdk import pipeline_job
from runyard.sdk.pipeline_steps import Input, Output

STEPS = """\
import runyard
from beside import WORD

@runyard.step(outputs="made")
def work(raw: "runyard.Input", made, share: float = 0.5, tags=(), note="", on=False):
    kinds = [type(each).__name__ for each in (raw, made)]
    text = (raw / "a.txt").read_text()
    (made / "x.txt").write_text(repr([WORD, kinds, text, share, tags, note, on]))

with runyard.Pipeline("experiment", "nightly") as p:
    work("never reached")
"""


def test_a_function_is_found_in_its_file_and_called(tmp_path, monkeypatch):
    """Values have their types again, ports are paths, and no pipeline is built a second time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "beside.py").write_text("WORD = 'word'")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("A")
    told = ["--raw", "in", "--made", "out/m", "--share", "0.25", "--tags", '["\\u0024HOME"]']
    told += ["--note", "5", "--on", "True"]
    assert pipeline_job.main(["work", "raw", "made", "note", "steps.py", *told]) == 0
    made = (tmp_path / "out" / "m" / "x.txt").read_text()
    kinds = [Input.__name__, Output.__name__]
    assert made == repr(["word", kinds, "A", 0.25, ["$HOME"], "5", True])
    for name in ("steps", "beside"):
        del sys.modules[name]
