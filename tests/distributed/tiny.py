"""Trains a model of a few weights on the framework that there is, for soak_frameworks."""

import sys

import numpy as np

from azureml.core import Run

run = Run.get_context()
framework = sys.argv[1]
random = np.random.RandomState(1)
rows = random.rand(256, 2).astype("float32")
right = (rows[:, 0] > rows[:, 1]).astype("int64")


def by_tensorflow_1(tf):
    """A graph, a session, an optimizer."""
    given, wanted = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.int64, [None])
    logits = tf.layers.dense(given, 2)
    loss = tf.losses.sparse_softmax_cross_entropy(wanted, logits)
    train = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(200):
            session.run(train, {given: rows, wanted: right})
        return session.run(logits, {given: rows}).argmax(axis=1)


def by_tensorflow_2(tf):
    """Keras, as each TensorFlow 2 has it."""
    model = tf.keras.Sequential([tf.keras.layers.Dense(2, input_shape=(2,))])
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=tf.keras.optimizers.SGD(1.0), loss=loss)
    model.fit(rows, right, epochs=25, batch_size=32, verbose=0)
    return model.predict(rows, verbose=0).argmax(axis=1)


def by_torch(torch):
    """A layer and a loop."""
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    for _ in range(200):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.tensor(rows)), torch.tensor(right))
        loss.backward()
        optimizer.step()
    return model(torch.tensor(rows)).detach().numpy().argmax(axis=1)


if framework == "tensorflow":
    import tensorflow as tf

    module = tf
    answers = (by_tensorflow_1 if hasattr(tf, "Session") else by_tensorflow_2)(tf)
elif framework == "torch":
    import torch as module

    answers = by_torch(module)
else:
    import sklearn as module
    from sklearn.linear_model import LogisticRegression

    answers = LogisticRegression(C=100.0).fit(rows, right).predict(rows)
run.log("accuracy", float((answers == right).mean()))
run.tag("version", module.__version__)
run.tag("python", sys.version.split()[0])
