"""Run by two ranks in test_keras_and_torch.py: training is what one process would do."""

import os
import sys
import zipfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

import runyard.distributed as dist

NEAR = 2e-5
ROWS, BATCH = 160, 40
dist.init()
rank, size = dist.rank(), dist.size()
chance = np.random.RandomState(0)
images = chance.randn(ROWS, 8).astype("float32")
labels = (images.sum(1) > 0).astype("int32")
words = chance.randint(0, 30, (ROWS, 6))
optimizers = keras.optimizers


def dense(seed):
    """A small network."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    return keras.Sequential([keras.Input((8,)), layers.Dense(16, "relu"), layers.Dense(2)])


def embedding(seed):
    """A network whose first gradient is sparse, with words that come several times."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((6,)), layers.Embedding(30, 4), layers.Flatten(), layers.Dense(2)]
    )


def fitted(model, optimizer, rows, targets, batch, callbacks=(), *, jit_compile=False):
    """Train in the order of the rows, for one epoch; give the model and the history."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=jit_compile)
    told = model.fit(
        rows, targets, batch_size=batch, shuffle=False, verbose=0, callbacks=list(callbacks)
    )
    return model, told.history


def compare(make, rows, optimizer):
    """Train together and alone, from the same weights with the same batches."""
    mine = dist.shard(rows, labels)
    together, _ = fitted(make(1), dist.DistributedOptimizer(optimizer()), *mine, BATCH // size)
    alone, _ = fitted(make(1), optimizer(), rows, labels, BATCH)
    assert dist.variables_agree(together.weights)
    for one, other in zip(together.weights, alone.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=NEAR)


def like_one_process():
    """Clipping, decay, schedules and moving averages see the averaged gradients."""
    halved = optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    together = {"weight_decay": 0.1, "use_ema": True, "global_clipnorm": 0.3}
    compare(dense, images, lambda: optimizers.AdamW(halved, **together))


def sparse_gradients():
    """Of words that come several times every row counts."""
    compare(embedding, words, lambda: optimizers.Adam(0.01))


def from_different_starts():
    """Weights and state of rank 0 are everybody's; metrics are averages."""
    callbacks = [dist.BroadcastVariablesCallback(), dist.MetricAverageCallback()]
    rows = dist.shard(images, labels)
    optimizer = dist.DistributedOptimizer(optimizers.Adam(0.01))
    model, history = fitted(dense(rank), optimizer, *rows, 20, callbacks)
    assert dist.variables_agree([*model.weights, *model.optimizer.variables])
    assert len(set(map(str, dist.allgather_object(history)))) == 1


def saved():
    """A saved model names nothing of ours, and trains on once its optimizer is told again."""
    rows = dist.shard(images, labels)
    model, _ = fitted(dense(1), dist.DistributedOptimizer(optimizers.Adam(0.01)), *rows, 20)
    if rank == 0:
        model.save("saved.keras")
        with zipfile.ZipFile("saved.keras") as parts:
            config = parts.read("config.json").decode()
        assert '"class_name": "Adam"' in config
        assert "runyard" not in config
    dist.barrier()
    model = keras.models.load_model("saved.keras")
    dist.DistributedOptimizer(model.optimizer)
    model.fit(*rows, verbose=0, shuffle=False)
    assert dist.variables_agree(model.weights)


def half_precision():
    """All ranks skip the same steps, and float16 and bfloat16 stay what they are."""
    for policy, dtype in (("mixed_float16", "float32"), ("bfloat16", "bfloat16")):
        keras.config.set_dtype_policy(policy)
        rows = dist.shard(images.copy(), labels)
        rows[0][0] = np.inf if rank and policy == "mixed_float16" else 0
        model, _ = fitted(dense(1), dist.DistributedOptimizer(optimizers.SGD(0.1)), *rows, 20)
        assert model.weights[0].dtype == dtype
        assert dist.variables_agree(model.weights)
        assert np.isfinite(np.asarray(model.weights[0].numpy(), "float32")).all()
    keras.config.set_dtype_policy("float32")


def refusals():
    """What would hang or do nothing is an error that says what to change."""
    rows = dist.shard(images, labels)
    optimizer = dist.DistributedOptimizer(optimizers.SGD())
    assert "pass jit_compile=False" in refusal(optimizer, rows, jit_compile=True)
    optimizer = optimizers.LossScaleOptimizer(dist.DistributedOptimizer(optimizers.SGD()))
    wanted = "DistributedOptimizer(keras.optimizers.LossScaleOptimizer(optimizer))"
    assert wanted in refusal(optimizer, rows)


def refusal(optimizer, rows, *, jit_compile=False):
    """The message of the error that training must end with."""
    try:
        fitted(dense(1), optimizer, *rows, 20, jit_compile=jit_compile)
    except dist.DistributedError as error:
        return str(error)
    return ""


def tapes_and_tensors():
    """Custom loops: a tape, a function of TensorFlow, and values that are no gradients."""
    variable = tf.Variable([1.0, 2.0])

    @tf.function
    def gradient(factor):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(variable * variable) * factor
        tape = dist.DistributedGradientTape(tape)
        return tape.gradient(loss, {"w": variable}), dist.allreduce(factor, dist.Max)

    got, most = gradient(tf.constant(rank + 1.0))
    assert got["w"].numpy().tolist() == [3.0, 6.0]
    assert float(most) == size
    assert dist.allreduce(tf.constant([rank, 1]), dist.Sum).numpy().tolist() == [1, 2]
    assert dist.allgather(tf.ones((rank + 1, 2))).shape == (3, 2)


def datasets():
    """Shares have the same number of rows, whether a dataset knows how many it has or not."""
    known = tf.data.Dataset.range(7)
    unknown = known.filter(lambda _: True).map(lambda row: (row, {"twice": 2 * row}))
    expected = [rank, rank + 2, rank + 4]
    assert list(dist.shard(known).as_numpy_iterator()) == expected
    got = list(dist.shard(unknown).as_numpy_iterator())
    assert [(int(row), int(rest["twice"])) for row, rest in got] == [(x, 2 * x) for x in expected]


def sessions():
    """TensorFlow 1: the same start, the same weights after some steps."""
    tf1 = tf.compat.v1
    with tf.Graph().as_default(), tf1.Session() as session:
        weights = tf1.get_variable("weights", initializer=tf.constant([1.0, rank]))
        loss = tf.reduce_sum(weights * weights) * (rank + 1)
        optimizer = dist.DistributedOptimizer(tf1.train.MomentumOptimizer(0.1, 0.9))
        train = optimizer.minimize(loss)
        session.run(tf1.global_variables_initializer())
        assert not dist.variables_agree([weights], session)
        dist.broadcast_global_variables(0, session)
        session.run(train)
        assert session.run(weights).tolist() == np.array([1 - 0.3, 0], "float32").tolist()


QUICK = (like_one_process, refusals, tapes_and_tensors, datasets, sessions)
# Each of these has Keras compile training functions of its own: a second of processors, or two.
OTHERS = (sparse_gradients, from_different_starts, saved, half_precision)
for check in (*QUICK, *OTHERS) if "everything" in sys.argv else QUICK:
    check()
    sys.stdout.write(f"rank {rank}: {check.__name__}\n")
sys.stdout.write(f"rank {rank} agrees\n")
