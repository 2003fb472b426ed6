"""A script of 2019, for TensorFlow 1.13: placeholders, tf.layers, sessions, np.float."""

import argparse
import os

import numpy as np
import tensorflow as tf
from utils import batches, load

from azureml.core import Run

parser = argparse.ArgumentParser()
parser.add_argument("--data-folder")
parser.add_argument("--epochs", type=int)
args = parser.parse_args()

run = Run.get_context()
X_train, y_train, X_test, y_test = load(args.data_folder)
X_train, X_test = X_train.astype(np.float), X_test.astype(np.float)
tf.set_random_seed(42)

X = tf.placeholder(tf.float32, shape=(None, 28 * 28), name="X")
y = tf.placeholder(tf.int64, shape=(None), name="y")
with tf.name_scope("dnn"):
    h1 = tf.layers.dense(X, 100, activation=tf.nn.relu, name="h1")
    h2 = tf.layers.dense(h1, 50, activation=tf.nn.relu, name="h2")
    output = tf.layers.dense(h2, 10, name="output")
with tf.name_scope("train"):
    cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=output)
    loss = tf.reduce_mean(cross_entropy, name="loss")
    train_op = tf.train.MomentumOptimizer(0.02, 0.9).minimize(loss)
with tf.name_scope("eval"):
    correct = tf.nn.in_top_k(output, y, 1)
    acc_op = tf.reduce_mean(tf.cast(correct, tf.float32))

init = tf.global_variables_initializer()
saver = tf.train.Saver()
with tf.Session() as sess:
    init.run()
    for epoch in range(args.epochs):
        for X_batch, y_batch in batches(X_train, y_train, 50, epoch):
            sess.run(train_op, feed_dict={X: X_batch, y: y_batch})
        acc_val = acc_op.eval(feed_dict={X: X_test, y: y_test})
        run.log("validation_acc", np.float(acc_val))
        print(epoch, "-- Validation accuracy:", acc_val, "by", tf.VERSION, flush=True)
    run.log("final_acc", np.float(acc_val))
    os.makedirs("./outputs/model", exist_ok=True)
    saver.save(sess, "./outputs/model/mnist-tf.model")
