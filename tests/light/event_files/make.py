"""Makes the event files beside this script; run once a writer, in an environment that has it.

python make.py tf1          tensorflow==1.13.1 on Python 3.7
python make.py tf2          tensorflow==2.21.0, tensorboard==2.21.0
python make.py torch        torch==2.13.0, tensorboard==2.21.0
python make.py tensorboardx tensorboardX==2.6.5

Each holds `loss` (1, 1/2, 1/3 at the steps 0, 1, 2), a picture of 2 x 2 pixels, a histogram, and
hyperparameters where the writer has them.
"""

import pathlib
import shutil
import sys
import tempfile


def tf1(folder):
    import numpy as np
    import tensorflow as tf

    loss = tf.placeholder(tf.float32, [])
    merged = tf.summary.merge(
        [
            tf.summary.scalar("loss", loss),
            tf.summary.histogram("weights", tf.constant([1.0, 2.0, 3.0])),
            tf.summary.image("picture", tf.zeros([1, 2, 2, 3])),
        ]
    )
    with tf.Session() as session, tf.summary.FileWriter(folder) as writer:
        for step in range(3):
            writer.add_summary(session.run(merged, {loss: np.float32(1 / (step + 1))}), step)


def tf2(folder):
    import tensorflow as tf
    from tensorboard.plugins.hparams import api

    with tf.summary.create_file_writer(folder).as_default():
        api.hparams({"lr": 0.1, "batch_size": 32, "optimizer": "adam"})
        for step in range(3):
            tf.summary.scalar("loss", 1 / (step + 1), step=step)
            tf.summary.histogram("weights", [1.0, 2.0, 3.0], step=step)
            tf.summary.image("picture", tf.zeros([1, 2, 2, 3]), step=step)


def torch(folder):
    from torch.utils.tensorboard import SummaryWriter

    _summary_writer(SummaryWriter, folder)


def tensorboardx(folder):
    from tensorboardX import SummaryWriter

    _summary_writer(SummaryWriter, folder)


def _summary_writer(kind, folder):
    import numpy as np

    writer = kind(folder)
    for step in range(3):
        writer.add_scalar("loss", 1 / (step + 1), step)
        writer.add_histogram("weights", np.array([1.0, 2.0, 3.0]), step)
        writer.add_image("picture", np.zeros((3, 2, 2), dtype="uint8"), step)
    if kind.__module__.startswith("torch"):
        writer.add_scalar("new_style", 0.25, 1, new_style=True)
    writer.add_hparams({"lr": 0.1, "batch_size": 32, "optimizer": "adam"}, {"hparam/loss": 0.5})
    writer.close()


if __name__ == "__main__":
    name = sys.argv[1]
    place = pathlib.Path(__file__).parent / name
    shutil.rmtree(place, ignore_errors=True)
    made = pathlib.Path(tempfile.mkdtemp())
    globals()[name](str(made))
    for number, path in enumerate(sorted(made.rglob("*tfevents*"))):
        place.mkdir(exist_ok=True)
        # The names of machines and processes are nobody's matter.
        shutil.copy(str(path), str(place / f"events.out.tfevents.{number}.host"))
