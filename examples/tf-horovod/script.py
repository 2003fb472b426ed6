"""Train on MNIST with Horovod; the same script on TensorFlow 1.13 and on 2.x.

Each process has the whole network and its own share of the images; Horovod averages their
gradients in every step. It is the graph API of TensorFlow 1, which 2.x still has.
"""

import argparse
import os
import time
import zlib

# TensorFlow tells of processor features and the like unless it is asked not to.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import horovod.tensorflow as hvd
import tensorflow as tf2
import utils

from azureml.core import Run

tf = tf2.compat.v1
tf.logging.set_verbosity(tf.logging.ERROR)
tf.disable_v2_behavior()

PIXELS, DIGITS = 784, 10
LAYERS = (300, 100, DIGITS)
MOMENTUM = 0.9
MODEL = os.path.join("outputs", "model")


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-folder", default="data", help="folder with mnist/*.gz in it")
    parser.add_argument("--batch-size", type=int, default=100, help="of all processes together")
    parser.add_argument("--learning-rate", type=float, default=0.02)
    parser.add_argument("--epochs", type=int, default=6)
    return parser.parse_args()


class Network:
    """The network's graph: where data goes in, what trains it, what it tells."""

    def __init__(self, learning_rate):
        self.images = tf.placeholder(tf.float32, [None, PIXELS], name="images")
        self.labels = tf.placeholder(tf.int64, [None], name="labels")
        values = self.images
        for number, width in enumerate(LAYERS):
            values = layer(tf.nn.relu(values) if number else values, width, f"layer{number}")
        logits = tf.identity(values, name="logits")
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=self.labels, logits=logits)
        )
        optimizer = tf.train.MomentumOptimizer(learning_rate, MOMENTUM)
        self.train = hvd.DistributedOptimizer(optimizer).minimize(loss)
        right = tf.equal(tf.argmax(logits, 1), self.labels)
        self.accuracy = tf.reduce_mean(tf.cast(right, tf.float32))

    def feed(self, images, labels):
        """What a session needs for a batch."""
        return {self.images: images, self.labels: labels}


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


def share(values):
    """This process's rows: as many as each other has, for they step together."""
    return values[hvd.rank() : len(values) // hvd.size() * hvd.size() : hvd.size()]


def main():
    """Train; rank 0 tells the run how it goes and saves the model."""
    options = arguments()
    hvd.init()
    place = f"rank {hvd.rank()} of {hvd.size()}"
    print(f"TensorFlow {tf2.__version__}, Horovod {version()}: {place}", flush=True)
    images, labels, test_images, test_labels = utils.load(options.data_folder)
    images, labels = share(images), share(labels)

    network = Network(options.learning_rate)
    saver, start = tf.train.Saver(), hvd.broadcast_global_variables(0)
    run, accuracy = Run.get_context(), 0.0
    with tf.Session(config=settings()) as session:
        session.run(tf.global_variables_initializer())
        session.run(start)
        for epoch in range(options.epochs):
            since = time.time()
            size = options.batch_size // hvd.size()
            for batch in utils.batches(images, labels, size, seed=epoch):
                session.run(network.train, network.feed(*batch))
            rate = len(images) * hvd.size() / (time.time() - since)
            accuracy = float(session.run(network.accuracy, network.feed(test_images, test_labels)))
            if hvd.rank() == 0:
                run.log("validation_acc", accuracy)
                print(
                    f"epoch {epoch + 1}: validation accuracy {accuracy:.4f}, "
                    f"{rate:.0f} images/s in all",
                    flush=True,
                )
        check_equal(session)
        if hvd.rank() == 0:
            run.log("final_acc", accuracy)
            os.makedirs(MODEL, exist_ok=True)
            saver.save(session, os.path.join(MODEL, "mnist-tf.model"))
            print(f"model saved in {MODEL}", flush=True)


def version():
    """Horovod's version; the module with the names of TensorFlow has none."""
    import horovod

    return horovod.__version__


def settings():
    """The session's share of the cores, and one GPU where there are any."""
    config = tf.ConfigProto(
        intra_op_parallelism_threads=int(os.environ.get("OMP_NUM_THREADS", "0"))
    )
    config.gpu_options.visible_device_list = str(hvd.local_rank())
    return config


def check_equal(session):
    """Compare the weights of all processes; end with an error if they differ in one bit."""
    found = 0
    for weights in session.run(tf.trainable_variables()):
        found = zlib.crc32(weights.tobytes(), found)
    everybody = session.run(hvd.allgather(tf.constant([found], tf.int64))).tolist()
    if len(set(everybody)) > 1:
        raise SystemExit(f"the weights of the processes differ: {everybody}")
    print(f"the weights are equal on {len(everybody)} processes", flush=True)


if __name__ == "__main__":
    main()
