"""Train a small neural network on MNIST digits; the same script on TensorFlow 1.13 and on 2.x.

It knows nothing of where it runs: data comes from a folder, metrics go to the run, and the model
goes to ./outputs, from where it is kept.
"""

import argparse
import os
import time

# TensorFlow tells of processor features and the like unless it is asked not to.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf2
import utils

from azureml.core import Run

# The graph API of TensorFlow 1 is in every 1.13 and in every 2.x under this name.
tf = tf2.compat.v1
tf.logging.set_verbosity(tf.logging.ERROR)
tf.disable_v2_behavior()

PIXELS, DIGITS = 784, 10
MOMENTUM = 0.9
MODEL = os.path.join("outputs", "model")


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-folder", default="data", help="folder with mnist/*.gz in it")
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--first-layer-neurons", type=int, default=300)
    parser.add_argument("--second-layer-neurons", type=int, default=100)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--epochs", type=int, default=6)
    return parser.parse_args()


def layer(inputs, width, name):
    """A fully connected layer without its activation."""
    fan_in = int(inputs.shape[1])
    with tf.variable_scope(name):
        spread = (2.0 / fan_in) ** 0.5
        weights = tf.get_variable(
            "weights", [fan_in, width], initializer=tf.truncated_normal_initializer(0.0, spread)
        )
        biases = tf.get_variable("biases", [width], initializer=tf.zeros_initializer())
        return tf.matmul(inputs, weights) + biases


class Network:
    """The network's graph: where data goes in, what trains it, what it tells."""

    def __init__(self, first, second, learning_rate):
        self.images = tf.placeholder(tf.float32, [None, PIXELS], name="images")
        self.labels = tf.placeholder(tf.int64, [None], name="labels")
        hidden = tf.nn.relu(layer(self.images, first, "first"))
        hidden = tf.nn.relu(layer(hidden, second, "second"))
        logits = tf.identity(layer(hidden, DIGITS, "output"), name="logits")
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=self.labels, logits=logits)
        )
        self.train = tf.train.MomentumOptimizer(learning_rate, MOMENTUM).minimize(loss)
        right = tf.equal(tf.argmax(logits, 1), self.labels)
        self.accuracy = tf.reduce_mean(tf.cast(right, tf.float32))

    def feed(self, images, labels):
        """What a session needs for a batch."""
        return {self.images: images, self.labels: labels}


def main():
    """Train, tell the run how it goes, and leave the model in outputs/model."""
    options = arguments()
    run = Run.get_context()
    images, labels, test_images, test_labels = utils.load(options.data_folder)
    print(f"TensorFlow {tf2.__version__}")
    print(f"{len(images)} images to train on, {len(test_images)} to test on", flush=True)

    tf.set_random_seed(1)
    network = Network(
        options.first_layer_neurons, options.second_layer_neurons, options.learning_rate
    )
    saver = tf.train.Saver()
    os.makedirs(MODEL, exist_ok=True)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        accuracy = 0.0
        for epoch in range(options.epochs):
            since = time.time()
            for batch in utils.batches(images, labels, options.batch_size, seed=epoch):
                session.run(network.train, network.feed(*batch))
            seconds = time.time() - since
            sample = network.feed(images[: len(test_images)], labels[: len(test_images)])
            training = float(session.run(network.accuracy, sample))
            accuracy = float(session.run(network.accuracy, network.feed(test_images, test_labels)))
            run.log("training_acc", training)
            run.log("validation_acc", accuracy)
            rate = len(images) / seconds
            print(
                f"epoch {epoch + 1}: training accuracy {training:.4f}, "
                f"validation accuracy {accuracy:.4f}, {rate:.0f} images/s",
                flush=True,
            )
        run.log("final_acc", accuracy)
        saver.save(session, os.path.join(MODEL, "mnist-tf.model"))
    print(f"model saved in {MODEL}", flush=True)


if __name__ == "__main__":
    main()
