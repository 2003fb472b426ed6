"""Train on MNIST with equal workers that average their gradients after every step.

TensorFlow's MultiWorkerMirroredStrategy learns from TF_CONFIG who the other workers are. Each
worker holds all variables and sees its share of every batch, so that all of them have the same
weights after every step, which is checked at the end. Keras 3 does not work with this strategy:
the network and its optimizer are written out here. Without TF_CONFIG it is one worker.
"""

import argparse
import json
import os
import time

# TensorFlow tells of processor features and the like unless it is asked not to.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
import utils

from azureml.core import Run

PIXELS, DIGITS = 784, 10
LAYERS = (300, 100, DIGITS)
MODEL = os.path.join("outputs", "model")


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-folder", default="data", help="folder with mnist/*.gz in it")
    parser.add_argument("--batch-size", type=int, default=100, help="of all workers together")
    parser.add_argument("--learning-rate", type=float, default=0.3)
    parser.add_argument("--epochs", type=int, default=4)
    return parser.parse_args()


class Network(tf.Module):
    """Fully connected layers, with the same start in every worker."""

    def __init__(self):
        super().__init__()
        self.layers = []
        fan_in = PIXELS
        for number, width in enumerate(LAYERS):
            spread = (2.0 / fan_in) ** 0.5
            start = tf.random.stateless_truncated_normal([fan_in, width], [1, number], 0.0, spread)
            self.layers.append((tf.Variable(start), tf.Variable(tf.zeros([width]))))
            fan_in = width

    def logits(self, images):
        """A number for each digit, shape (images, 10)."""
        values = images
        for number, (weights, biases) in enumerate(self.layers):
            values = tf.matmul(tf.nn.relu(values) if number else values, weights) + biases
        return values

    def loss(self, images, labels):
        """The mean cross entropy."""
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels, self.logits(images))
        )

    def accuracy(self, images, labels):
        """The share of images that are recognised."""
        right = tf.equal(tf.argmax(self.logits(images), 1), labels)
        return float(tf.reduce_mean(tf.cast(right, tf.float32)))


def main():
    """Train; worker 0 tells the run how it goes and saves the model."""
    options = arguments()
    # Before anything else: the workers meet here.
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    tells = is_first()
    print(f"TensorFlow {tf.__version__}: {strategy.num_replicas_in_sync} workers", flush=True)
    images, labels, test_images, test_labels = utils.load(options.data_folder)
    with strategy.scope():
        network = Network()

    def batches(context):
        rows = tf.data.Dataset.from_tensor_slices((images, labels))
        mine = rows.shard(context.num_input_pipelines, context.input_pipeline_id)
        size = context.get_per_replica_batch_size(options.batch_size)
        return mine.shuffle(len(images)).repeat().batch(size).prefetch(4)

    @tf.function
    def one_epoch(iterator, rate):
        for _ in tf.range(len(images) // options.batch_size):
            strategy.run(step, args=(network, rate, *next(iterator)))

    iterator = iter(strategy.distribute_datasets_from_function(batches))
    run, since = Run.get_context(), time.time()
    for epoch in range(options.epochs):
        one_epoch(iterator, tf.constant(options.learning_rate * (1.0 - epoch / options.epochs)))
        accuracy = network.accuracy(test_images, test_labels)
        print(f"epoch {epoch + 1}: validation accuracy {accuracy:.4f}", flush=True)
        if tells:
            run.log("validation_acc", accuracy)
    print(f"trained in {time.time() - since:.1f} s", flush=True)
    check_equal(strategy, network)
    if tells:
        run.log("final_acc", accuracy)
        save(network)


def is_first():
    """Whether this process speaks for all: the chief, or worker 0 where there is none."""
    told = json.loads(os.environ.get("TF_CONFIG") or "{}")
    task = told.get("task", {"type": "worker", "index": 0})
    return task["type"] == "chief" or ("chief" not in told.get("cluster", ()) and not task["index"])


def step(network, rate, images, labels):
    """Train on one batch: own gradients, averaged over the workers, applied by each alike."""
    with tf.GradientTape() as tape:
        loss = network.loss(images, labels)
    variables = network.trainable_variables
    gradients = tape.gradient(loss, variables)
    context = tf.distribute.get_replica_context()
    for variable, gradient in zip(variables, context.all_reduce("mean", gradients)):
        variable.assign_sub(rate * gradient)


def check_equal(strategy, network):
    """Compare the weights' sums of all workers; end with an error if they differ at all."""

    @tf.function
    def sums():
        own = tf.stack([tf.reduce_sum(variable) for variable in network.trainable_variables])
        return tf.distribute.get_replica_context().all_gather(own[tf.newaxis], axis=0)

    found = np.array(strategy.run(sums))
    if not (found == found[0]).all():
        msg = f"the workers' weights differ: {found.tolist()}"
        raise SystemExit(msg)
    print(f"the weights are equal on {len(found)} workers", flush=True)


def save(network):
    """Leave the variables in outputs/model."""
    os.makedirs(MODEL, exist_ok=True)
    tf.train.Checkpoint(network=network).write(os.path.join(MODEL, "mnist-tf.model"))
    print(f"model saved in {MODEL}", flush=True)


if __name__ == "__main__":
    main()
