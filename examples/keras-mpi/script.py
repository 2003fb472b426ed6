"""Train a Keras model on MNIST with several MPI processes that average their gradients.

Each process has the whole model and its own share of the images. Besides `model.fit` as everybody
knows it there are the five lines with `dist`; started alone, without MPI, it is one process.
"""

import argparse
import os

# TensorFlow tells of processor features and the like unless it is asked not to.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf
import utils

import runyard.distributed as dist
from azureml.core import Run

PIXELS, DIGITS = 784, 10
MODEL = os.path.join("outputs", "model")


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-folder", default="data", help="folder with mnist/*.gz in it")
    parser.add_argument("--batch-size", type=int, default=100, help="of all processes together")
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--epochs", type=int, default=5)
    return parser.parse_args()


def network():
    """The model, with the weights of its start by chance."""
    return keras.Sequential(
        [
            keras.Input((PIXELS,)),
            keras.layers.Dense(300, activation="relu"),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(DIGITS),
        ]
    )


def main():
    """Train; rank 0 tells the run how it goes and saves the model."""
    options = arguments()
    dist.init()
    use_own_gpu()
    images, labels, test_images, test_labels = utils.load(options.data_folder)
    images, labels = dist.shard(images, labels)
    place = f"rank {dist.rank()} of {dist.size()}"
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}: {place}", flush=True)

    model = network()
    optimizer = keras.optimizers.SGD(options.learning_rate, momentum=0.9)
    model.compile(
        dist.DistributedOptimizer(optimizer),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    run = Run.get_context()
    callbacks = [dist.BroadcastVariablesCallback(), dist.MetricAverageCallback()]
    if dist.rank() == 0:
        callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=told(run)))
    model.fit(
        images,
        labels,
        batch_size=options.batch_size // dist.size(),
        epochs=options.epochs,
        validation_data=dist.shard(test_images, test_labels),
        callbacks=callbacks,
        verbose=0,
    )
    if not dist.variables_agree(model.weights):
        raise SystemExit("the weights of the processes differ")
    print(f"the weights are equal on {dist.size()} processes", flush=True)
    if dist.rank() == 0:
        _, accuracy = model.evaluate(test_images, test_labels, verbose=0)
        run.log("final_acc", accuracy)
        save(model)


def use_own_gpu():
    """Take one GPU per process where there are any; two in one would be short of memory."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        tf.config.set_visible_devices(gpus[dist.local_rank() % len(gpus)], "GPU")


def told(run):
    """Logs each epoch to the run; the metrics are averages over all processes."""

    def tell(epoch, logs):
        run.log("training_acc", logs["accuracy"])
        run.log("validation_acc", logs["val_accuracy"])
        print("epoch {}: validation accuracy {val_accuracy:.4f}".format(epoch + 1, **logs))

    return tell


def save(model):
    """Leave the model in outputs/model; Keras alone loads it."""
    os.makedirs(MODEL, exist_ok=True)
    model.save(os.path.join(MODEL, "mnist.keras"))
    print(f"model saved in {MODEL}", flush=True)


if __name__ == "__main__":
    main()
