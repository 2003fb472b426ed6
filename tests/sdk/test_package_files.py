"""What a lock becomes in a build context."""

from runyard.sdk import package_files

LOCK = """\
--index-url https://somebody:secret@packages.example/simple
# interpreter notes
numpy==1.21.6 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
mine @ runyard://default/store/azureml-private-packages/mine-1.0-py3-none-any.whl \\
    --hash=sha256:cc
"""


def test_a_lock_becomes_requirements_that_pip_reads():
    """Hashes stay, passwords and remarks do not, and wheels of the workspace are files."""
    needs = package_files.requirements(LOCK)
    assert [each.file for each in needs.wheels.values()] == ["mine-1.0-py3-none-any.whl"]
    whole = needs.with_wheels(dict.fromkeys(needs.wheels, "dd"))
    assert whole.text() == (
        "--index-url https://packages.example/simple\n"
        "numpy==1.21.6 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
        "./wheels/mine-1.0-py3-none-any.whl --hash=sha256:dd\n"
    )
    assert (whole.hashed, whole.of_this_machine) == (True, [])


def test_what_another_machine_does_not_have_is_found():
    """Packages out of a folder here would make a context that builds nowhere else."""
    lock = "--find-links /opt/wheels\n--extra-index-url https://x.example\na @ file:///w/a.whl\n"
    found = package_files.requirements(lock).of_this_machine
    assert found == ["--find-links /opt/wheels", "a @ file:///w/a.whl"]


def test_a_lock_of_nothing_installs_nothing():
    """A script of the standard library needs no installer, and no index."""
    needs = package_files.requirements("")
    text = package_files.dockerfile("sums", "3.7.16", needs, {})
    assert "pip" not in text
    assert "python:3.7-slim" in text
