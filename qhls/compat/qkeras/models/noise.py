"""``QNoiseScheduler``: a callback that increases quantisation gradually during training."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Literal

import keras

from qhls.compat.qkeras.errors import UtilityError
from qhls.quantizers import Quantizer


class QNoiseScheduler(keras.callbacks.Callback):
    """A callback that raises the ``qnoise_factor`` of a model's quantizers from 0 to 1 during ``fit``.

    At step or epoch ``f`` the factor is 0 before ``start``, 1 from ``finish`` on, and between them
    ``1 - ((finish - f) / (finish - start)) ** exponent``.

    Args:
        start: the step or epoch from which the factor rises.
        finish: the first step or epoch at which it is 1.
        freq_type: the unit of these, "epoch" or "step".
        update_freq: steps or epochs between two updates of the factor.
        initial_step_or_epoch: the number of the first step or epoch, to continue an earlier training.
        exponent: larger exponents raise the factor faster in the beginning.
        use_ste: ``use_ste`` of the quantizers.
        log_dir: folder of TensorBoard's record of the factor after each epoch; needs tensorflow and tensorboard.

    Raises:
        UtilityError: ``freq_type`` is unknown, ``finish`` is before ``start``, or ``update_freq`` is below 1;
            ``log_dir`` needs packages that are not installed.
    """

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        start: int,
        finish: int,
        freq_type: Literal["epoch", "step"] = "epoch",
        update_freq: int = 1,
        initial_step_or_epoch: int = 0,
        exponent: float = 3.0,
        use_ste: bool = True,
        log_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        if freq_type not in ("epoch", "step"):
            raise UtilityError(
                f"QNoiseScheduler: expected freq_type 'epoch' or 'step', got {freq_type!r}. Choose one of these."
            )
        if finish < start or update_freq < 1:
            raise UtilityError(
                f"QNoiseScheduler: expected start <= finish and update_freq of at least 1, got "
                f"start={start}, finish={finish}, update_freq={update_freq}. Change these numbers."
            )
        self.start, self.finish, self.exponent = start, finish, exponent
        self.freq_type, self.update_freq, self.use_ste = freq_type, update_freq, use_ste
        self.num_iters = self.initial_step_or_epoch = initial_step_or_epoch
        self.qnoise_factor: float | None = None
        self.quantizers: list[Quantizer] | None = None
        self._writer = None if log_dir is None else _create_summary_writer(log_dir)

    def calculate_qnoise_factor(self, freq: int) -> float:
        """Return the factor at step or epoch ``freq``."""
        if freq < self.start:
            return 0.0
        if freq >= self.finish:
            return 1.0
        return 1.0 - ((self.finish - freq) / (self.finish - self.start)) ** self.exponent

    def get_quantizers(self, model: Any) -> list[Quantizer]:
        """Return each quantizer of ``model`` that has a ``qnoise_factor``, once."""
        by_id = {id(q): q for q in _walk_quantizers(model) if "qnoise_factor" in q.get_config()}
        return list(by_id.values())

    def set_qnoise_factor(self, quantizer: Quantizer, qnoise_factor: float) -> None:
        """Set the ``qnoise_factor`` of one quantizer."""
        quantizer.update_qnoise_factor(qnoise_factor)

    def set_quantizers(self) -> None:
        """Find the quantizers, set ``use_ste``, and move their factors into variables, which traced graphs read."""
        self.quantizers = self.get_quantizers(self.model)
        for quantizer in self.quantizers:
            if hasattr(quantizer, "use_ste"):
                quantizer.use_ste = self.use_ste
            quantizer.build(use_variables=True)
        self._trace_again()

    def update_qnoise_factor(self, freq: int) -> None:
        """Set the factor of all quantizers for step or epoch ``freq``, if ``freq`` is a multiple of ``update_freq``."""
        factor = self.calculate_qnoise_factor(freq)
        if freq % self.update_freq or factor == self.qnoise_factor:
            return
        self.qnoise_factor = factor
        for quantizer in self.quantizers or []:
            self.set_qnoise_factor(quantizer, factor)
        if keras.backend.backend() == "jax":  # traced steps contain the factor as a constant
            self._trace_again()

    def _trace_again(self) -> None:
        if self.model is not None and self.model.compiled:
            self.model.make_train_function(force=True)

    def _count(self) -> None:
        self.update_qnoise_factor(self.num_iters)
        self.num_iters += 1

    def on_train_begin(self, logs: Any = None) -> None:
        """Prepare the quantizers when training begins for the first time."""
        if self.quantizers is None:
            self.set_quantizers()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Count the epoch and update the factor, if ``freq_type`` is "epoch"."""
        if self.freq_type == "epoch":
            self._count()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Count the step and update the factor, if ``freq_type`` is "step"."""
        if self.freq_type == "step":
            self._count()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record the factor for TensorBoard if a ``log_dir`` was given."""
        if self._writer is not None:
            import tensorflow as tf

            with self._writer.as_default():
                tf.summary.scalar("qnoise_factor", data=self.qnoise_factor, step=epoch)
            self._writer.flush()


def _walk_quantizers(model: keras.Model) -> Iterator[Quantizer]:
    """Yield the quantizers of a model's layers, and of all layers, cells and models inside them."""
    for layer in model._flatten_layers():
        yield from (value for value in vars(layer).values() if isinstance(value, Quantizer))


def _create_summary_writer(log_dir: str | os.PathLike[str]) -> Any:
    missing = [name for name in ("tensorflow", "tensorboard") if find_spec(name) is None]
    if missing:
        raise UtilityError(
            f"QNoiseScheduler: log_dir={str(log_dir)!r}: expected tensorflow and tensorboard, got no "
            f"{', no '.join(missing)}. Install it, or omit log_dir."
        )
    import tensorflow as tf

    return tf.summary.create_file_writer(os.fspath(log_dir))
