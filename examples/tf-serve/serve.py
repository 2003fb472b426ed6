"""Serve the article's network: train, register and deploy it, send it the test images.

    python serve.py                             newest TensorFlow
    python serve.py --framework-version 1.13    as in 2019, on Python 3.7

Run it from anywhere; there is nothing to configure. See README.md for each step.
"""

import argparse
import gzip
import json
import os
import shutil
import struct
import sys
import tempfile
import time

import confusion

from runyard import Endpoint, Experiment, Model, TensorFlow, Workspace

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, os.pardir, "tf-mnist", "data")
MODEL = "tf-dnn-mnist"
TAG = "tensorflow"
GOOD_ENOUGH = 0.9


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--framework-version", default="2.21", help="1.13 or 2.21")
    parser.add_argument("--images", type=int, default=2000, help="how many are sent, of 10,000")
    parser.add_argument("--batch", type=int, default=50, help="how many in a request")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--out", default=".", help="folder for the picture and a request")
    parser.add_argument("--data", default=DATA, help="folder with the four files of MNIST")
    return parser.parse_args()


def main():
    """Walk the path; end with what came of it."""
    options = arguments()
    workspace = Workspace.from_config()
    model = model_of(workspace, options)
    name = "tf-mnist-" + options.framework_version.replace(".", "-")
    print(f"Serving {model.id} as {name}", flush=True)
    # Nothing says in which environment: it is that of the run that made the model.
    endpoint = Endpoint.deploy(
        workspace, name, model, script=os.path.join(HERE, "score.py"), replace=True
    )
    endpoint.wait(show_output=True)

    images, labels = digits(options.data, options.images)
    seen, seconds = ask(endpoint, images, options.batch)
    found = confusion.Confusion()
    for shown, each in zip(labels, seen):
        found.add(shown, each)
    show(found)
    summary(endpoint, found, images, seconds, options)
    if found.accuracy < GOOD_ENOUGH:
        sys.exit(f"The accuracy of {found.accuracy:.4f} is below {GOOD_ENOUGH}: try more --epochs")


def model_of(workspace, options):
    """The network as it was registered with this TensorFlow; the first time it is trained."""
    wanted = [[TAG, options.framework_version]]
    known = Model.list(workspace, name=MODEL, tags=wanted)
    if known:
        print(f"Found the model {known[0].id}")
        return known[0]
    datastore = workspace.get_default_datastore()
    datastore.upload(src_dir=options.data, target_path="mnist", overwrite=True, show_progress=True)
    folder = source_folder()
    estimator = TensorFlow(
        source_directory=folder,
        entry_script="tf_mnist.py",
        script_params={"--data-folder": datastore.as_mount(), "--epochs": options.epochs},
        compute_target="local",
        framework_version=options.framework_version,
    )
    print(f"Training with TensorFlow {options.framework_version}")
    run = Experiment(workspace, "tf-serve").submit(estimator)
    run.wait_for_completion(show_output=True, raise_on_error=False)
    shutil.rmtree(folder)
    if run.get_status() != "Completed":
        sys.exit(f"The run ended as {run.get_status()}; `{command()} runs logs {run.id}` tells why")
    accuracy = f"{run.get_metrics()['final_acc']:.4f}"
    return run.register_model(
        MODEL,
        model_path="outputs/model",
        tags={TAG: options.framework_version, "accuracy": accuracy},
    )


def source_folder():
    """A folder with the training scripts alone: all of it goes to the job."""
    folder = tempfile.mkdtemp(prefix="tf-serve-")
    for name in ("tf_mnist.py", "utils.py"):
        shutil.copy(os.path.join(HERE, name), folder)
    return folder


def digits(folder, count):
    """The first so many test images as rows of 784 pixels between 0 and 1, and what they show."""
    with gzip.open(os.path.join(folder, "test-images.gz"), "rb") as file:
        _, there, rows, columns = struct.unpack(">4I", file.read(16))
        size = rows * columns
        pixels = file.read(min(count, there) * size)
    with gzip.open(os.path.join(folder, "test-labels.gz"), "rb") as file:
        file.read(8)
        labels = list(file.read(min(count, there)))
    # Three digits are as many as a pixel of one byte has.
    shades = [round(value / 255, 3) for value in range(256)]
    images = [
        [shades[value] for value in pixels[start : start + size]]
        for start in range(0, len(pixels), size)
    ]
    return images, labels


def ask(endpoint, images, batch):
    """Send the images, so many at a time; the digits seen, and the seconds of each request."""
    seen, seconds = [], []
    for start in range(0, len(images), batch):
        since = time.perf_counter()
        seen += endpoint.call({"data": images[start : start + batch]})["digits"]
        seconds.append(time.perf_counter() - since)
    return seen, seconds


def show(found):
    """Print the table and the matrix."""
    print()
    print("digit   images   right   accuracy   most often taken for")
    for digit, images, right, share, often in found.rows():
        print(f"{digit:>5}   {images:>6}   {right:>5}   {share:>8.1%}   {often}")
    print()
    print(found.text())


def summary(endpoint, found, images, seconds, options):
    """Print what came of it, where things are and what to try next."""
    version = options.framework_version
    title = f"{len(images):,} test images, TensorFlow {version}: {found.accuracy:.1%} right"
    out = os.path.join(options.out, f"confusion-{version}.svg")
    picture = confusion.save(out, found.svg(title))
    request = confusion.save(
        os.path.join(options.out, "digit.json"), json.dumps({"data": images[:1]})
    )
    middle = sorted(seconds)[len(seconds) // 2] * 1000
    runyard = command()
    print()
    print(f"Accuracy   {found.accuracy:.4f} on {len(images):,} test images")
    print(
        f"Requests   {len(seconds)} of {options.batch} images, half of them within {middle:.1f} ms"
    )
    print(f"Picture    {picture}")
    print(f"Address    {endpoint.address}")
    print()
    print("Next:")
    print(f"  {runyard} endpoints show {endpoint.name}")
    print(f"  {runyard} endpoints call {endpoint.name} @{request}")
    print(f"  {runyard} endpoints logs {endpoint.name}")
    print(f"  {runyard} endpoints delete {endpoint.name}")


def command():
    """The name by which the command line can be called here."""
    beside = os.path.join(os.path.dirname(sys.executable), "runyard")
    if shutil.which("runyard") or not os.path.exists(beside):
        return "runyard"
    return min(beside, os.path.relpath(beside), key=len)


if __name__ == "__main__":
    main()
