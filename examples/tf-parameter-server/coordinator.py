"""TensorFlow 2's parameter servers: a chief hands steps out to workers that only serve.

`ParameterServerStrategy` puts the variables on the parameter servers, and a `ClusterCoordinator`
in the chief sends functions to whichever worker is free. Keras 3 does not work with this
strategy, so the network and its optimizer are written out here.
"""

import os

import tensorflow as tf
import utils

from azureml.core import Run

PIXELS, DIGITS = 784, 10
LAYERS = (300, 100, DIGITS)
MODEL = os.path.join("outputs", "model")
# Steps that a worker does for one message of the chief.
STEPS = 25


class Network(tf.Module):
    """Fully connected layers; the variables go where the strategy puts them."""

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


def take_part(options, kind, index):
    """Serve, or coordinate as the chief."""
    print(f"TensorFlow {tf.__version__}: {kind} {index}", flush=True)
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    if kind in ("worker", "ps"):
        # Neither ends by itself: both are stopped when the chief has ended.
        serve(resolver.cluster_spec(), kind, index)
    else:
        coordinate(options, resolver)


def serve(cluster, kind, index):
    """Do what the chief asks, for ever."""
    server = tf.distribute.Server(cluster, job_name=kind, task_index=index, protocol="grpc")
    server.join()


def coordinate(options, resolver):
    """Hand out the steps, then tell how good the network is and save it."""
    run = Run.get_context()
    images, labels, test_images, test_labels = utils.load(options.data_folder)
    strategy = tf.distribute.ParameterServerStrategy(resolver)
    coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
    with strategy.scope():
        network = Network()
    print(f"variables on {network.layers[0][0].device}", flush=True)

    def batches(_):
        rows = tf.data.Dataset.from_tensor_slices((images, labels))
        return rows.shuffle(len(images)).repeat().batch(options.batch_size).prefetch(4)

    @tf.function
    def datasets():
        return strategy.distribute_datasets_from_function(batches)

    @tf.function
    def some_steps(iterator, rate):
        for _ in tf.range(STEPS):
            strategy.run(step, args=(network, rate, *next(iterator)))

    iterator = iter(coordinator.create_per_worker_dataset(datasets))
    rounds = max(1, len(images) // options.batch_size // STEPS)
    for epoch in range(options.epochs):
        for done in range(rounds):
            # Down to nothing: at the end it does not matter that gradients come late.
            left = 1.0 - (epoch + done / rounds) / options.epochs
            rate = tf.constant(options.learning_rate * left)
            coordinator.schedule(some_steps, args=(iterator, rate))
        coordinator.join()
        accuracy = network.accuracy(test_images, test_labels)
        run.log("validation_acc", accuracy)
        print(f"epoch {epoch + 1}: validation accuracy {accuracy:.4f}", flush=True)
    run.log("final_acc", accuracy)
    save(network)


def step(network, rate, images, labels):
    """Train on one batch: gradients here, the change where the variables are."""
    with tf.GradientTape() as tape:
        loss = network.loss(images, labels)
    variables = [variable for layer in network.layers for variable in layer]
    for variable, gradient in zip(variables, tape.gradient(loss, variables)):
        variable.assign_sub(rate * gradient)


def save(network):
    """Leave the variables in outputs/model, readable without a cluster."""
    os.makedirs(MODEL, exist_ok=True)
    tf.train.Checkpoint(network=network).write(os.path.join(MODEL, "mnist-tf.model"))
    print(f"model saved in {MODEL}", flush=True)
