"""TensorFlow 1's parameter servers: each worker builds the same graph and trains at its own pace.

The variables live on the parameter servers. A worker takes a batch, computes gradients and has
them applied there, without waiting for the other workers, until all of them together have done
the steps asked for. TensorFlow 2 has all of this under `tf.compat.v1`.
"""

import os

import tensorflow as tf2
import utils

from azureml.core import Run

# The graph API of TensorFlow 1 is in every 1.13 and in every 2.x under this name.
tf = tf2.compat.v1
tf.logging.set_verbosity(tf.logging.ERROR)
tf.disable_v2_behavior()

PIXELS, DIGITS = 784, 10
LAYERS = (300, 100, DIGITS)
MODEL = os.path.join("outputs", "model")
# How often a worker looks whether worker 0 has made the variables; TensorFlow's own choice is 30.
LOOK_SECONDS = 0.5


class Network:
    """The network's graph: where data goes in, what trains it, what it tells."""

    def __init__(self, learning_rate, steps):
        self.images = tf.placeholder(tf.float32, [None, PIXELS], name="images")
        self.labels = tf.placeholder(tf.int64, [None], name="labels")
        self.step = tf.train.get_or_create_global_step()
        logits = tf.identity(self._layers(), name="logits")
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=self.labels, logits=logits)
        )
        # Down to nothing: at the end it does not matter that gradients come late.
        rate = tf.train.polynomial_decay(learning_rate, self.step, steps, end_learning_rate=0.0)
        optimizer = tf.train.GradientDescentOptimizer(rate)
        self.train = optimizer.minimize(loss, global_step=self.step)
        right = tf.equal(tf.argmax(logits, 1), self.labels)
        self.accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
        self.start = tf.global_variables_initializer()
        self.saver = tf.train.Saver()

    def _layers(self):
        values = self.images
        for number, width in enumerate(LAYERS):
            fan_in = int(values.shape[1])
            spread = tf.truncated_normal_initializer(0.0, (2.0 / fan_in) ** 0.5)
            with tf.variable_scope(f"layer_{number}"):
                weights = tf.get_variable("weights", [fan_in, width], initializer=spread)
                biases = tf.get_variable("biases", [width], initializer=tf.zeros_initializer())
            values = tf.matmul(tf.nn.relu(values) if number else values, weights) + biases
        return values

    def feed(self, images, labels):
        """What a session needs for a batch."""
        return {self.images: images, self.labels: labels}


def take_part(options, cluster, kind, index):
    """Serve or train, as the process's part in the cluster says; an empty cluster is one worker."""
    print(f"TensorFlow {tf2.__version__}: {kind} {index}", flush=True)
    server = None
    if cluster:
        server = tf.train.Server(tf.train.ClusterSpec(cluster), job_name=kind, task_index=index)
    if kind == "ps":
        # A parameter server never ends by itself: it is stopped when the workers have ended.
        server.join()
    data = utils.load(options.data_folder)
    steps = options.epochs * (len(data[0]) // options.batch_size)
    tf.set_random_seed(1)
    with tf.device(placement(cluster, index)):
        network = Network(options.learning_rate, steps)
    print(f"variables on {network.step.device or 'this process'}", flush=True)
    with session_of(network, server, index) as session:
        own = train(options, network, session, index, data, steps)
        print(f"{own} of {steps} steps were done here", flush=True)
        if index == 0:
            finish(network, session, data)


def placement(cluster, index):
    """Place each operation: variables on the servers, the rest on this worker."""
    if not cluster:
        return None
    mine = f"/job:worker/task:{index}"
    return tf.train.replica_device_setter(cluster=tf.train.ClusterSpec(cluster), worker_device=mine)


def session_of(network, server, index):
    """A session; worker 0 makes the variables, and the others wait until it has done so."""
    if server is None:
        session = tf.Session()
        session.run(network.start)
        return session
    manager = tf.train.SessionManager(
        ready_op=tf.report_uninitialized_variables(), recovery_wait_secs=LOOK_SECONDS
    )
    # A worker needs the servers and itself: other workers may end before it does.
    config = tf.ConfigProto(device_filters=["/job:ps", f"/job:worker/task:{index}"])
    if index == 0:
        return manager.prepare_session(server.target, init_op=network.start, config=config)
    return manager.wait_for_session(server.target, config=config)


def train(options, network, session, index, data, steps):
    """Train until all workers together have done the steps; give how many were done here."""
    images, labels, test_images, test_labels = data
    run, own, step = Run.get_context(), 0, 0
    while step < steps:
        # Each worker goes through the images in an order of its own.
        for batch in utils.batches(images, labels, options.batch_size, seed=1000 * index + own):
            before = step
            _, step = session.run([network.train, network.step], network.feed(*batch))
            own += 1
            if index == 0 and step * options.epochs // steps > before * options.epochs // steps:
                accuracy = session.run(network.accuracy, network.feed(test_images, test_labels))
                run.log("validation_acc", float(accuracy))
                print(f"step {step}: validation accuracy {accuracy:.4f}", flush=True)
            if step >= steps:
                break
    return own


def finish(network, session, data):
    """Log how good the network has become, and save it."""
    accuracy = session.run(network.accuracy, network.feed(*data[2:]))
    Run.get_context().log("final_acc", float(accuracy))
    os.makedirs(MODEL, exist_ok=True)
    network.saver.save(session, os.path.join(MODEL, "mnist-tf.model"))
    print(f"model saved in {MODEL}", flush=True)
