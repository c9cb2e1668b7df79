"""The example of training at MNIST's size, run as a user runs it, but for one epoch."""

import subprocess
import sys
from pathlib import Path

import numpy as np

EXAMPLE = Path(__file__).parents[2] / "examples" / "mnist_qat.py"


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, str(EXAMPLE), "--epochs", "1", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_trains_and_proves(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "jit_compile=True" in done.stdout
    assert "check of 64 samples: all equal" in done.stdout
    assert (tmp_path / "build" / "mnist" / "mnist_cnn_6bit.keras").is_file()


def test_it_reads_mnist(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (128, 28, 28), np.uint8),
        "x_test": rng.integers(0, 256, (64, 28, 28), np.uint8),
        "y_train": rng.integers(0, 10, 128),
        "y_test": rng.integers(0, 10, 64),
    }
    np.savez(tmp_path / "mnist.npz", **arrays)
    done = run(tmp_path, "--data", str(tmp_path / "mnist.npz"))
    assert done.returncode == 0, done.stderr
    assert "128 images, 1 epochs" in done.stdout
