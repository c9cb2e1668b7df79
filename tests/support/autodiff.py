"""Gradients and compiled calls, on whichever backend Keras runs."""

import keras
import numpy as np

BACKEND = keras.backend.backend()


def gradient(f, x):
    """The gradient of ``sum(f(x))``, as numpy."""
    x = np.asarray(x, np.float32)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, x).numpy()
    if BACKEND == "jax":
        import jax

        return np.asarray(jax.grad(lambda x: f(x).sum())(x))
    x = keras.ops.convert_to_tensor(x).requires_grad_()
    f(x).sum().backward()
    return x.grad.numpy()


def compiled(f):
    """``f`` as XLA compiles it; torch has nothing of the kind in Keras."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(f, jit_compile=True)
    if BACKEND == "jax":
        import jax

        return jax.jit(f)
    return f
