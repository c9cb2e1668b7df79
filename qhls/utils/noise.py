"""``QNoiseScheduler``: quantisation that sets in little by little during training."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Literal

import keras

from qhls.quantizers import Quantizer
from qhls.utils.errors import UtilityError


class QNoiseScheduler(keras.callbacks.Callback):
    """Raise the ``qnoise_factor`` of a model's quantizers from 0 to 1 during ``fit``.

    At step or epoch ``f`` the factor is 0 before ``start``, 1 from ``finish`` on, and between them
    ``1 - ((finish - f) / (finish - start)) ** exponent``.

    Args:
        start: the step or epoch from which the factor rises.
        finish: the first at which it is 1.
        freq_type: "epoch" or "step": what is counted.
        update_freq: the factor is set at every so many of them.
        initial_step_or_epoch: the number of the first, where an earlier training goes on.
        exponent: how fast the factor rises in the beginning.
        use_ste: the quantizers' ``use_ste``.
        log_dir: folder for TensorBoard's record of the factor after each epoch; needs tensorflow and tensorboard.

    Raises:
        UtilityError: another ``freq_type``, ``finish`` before ``start``, ``update_freq`` below 1;
            ``log_dir`` without the packages that it needs.
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
                f"QNoiseScheduler: expected freq_type 'epoch' or 'step', received {freq_type!r}"
            )
        if finish < start or update_freq < 1:
            raise UtilityError(
                f"QNoiseScheduler: expected start <= finish and update_freq of at least 1, received "
                f"start={start}, finish={finish}, update_freq={update_freq}"
            )
        self.start, self.finish, self.exponent = start, finish, exponent
        self.freq_type, self.update_freq, self.use_ste = freq_type, update_freq, use_ste
        self.num_iters = self.initial_step_or_epoch = initial_step_or_epoch
        self.qnoise_factor: float | None = None
        self.quantizers: list[Quantizer] | None = None
        self._writer = None if log_dir is None else _summary_writer(log_dir)

    def calculate_qnoise_factor(self, freq: int) -> float:
        """The factor at step or epoch ``freq``."""
        if freq < self.start:
            return 0.0
        if freq >= self.finish:
            return 1.0
        return 1.0 - ((self.finish - freq) / (self.finish - self.start)) ** self.exponent

    def get_quantizers(self, model: Any) -> list[Quantizer]:
        """The quantizers of ``model`` that have a ``qnoise_factor``, each once."""
        found = {id(q): q for q in _quantizers(model) if "qnoise_factor" in q.get_config()}
        return list(found.values())

    def set_qnoise_factor(self, quantizer: Quantizer, qnoise_factor: float) -> None:
        """Set one quantizer's factor."""
        quantizer.update_qnoise_factor(qnoise_factor)

    def set_quantizers(self) -> None:
        """Find the quantizers and move their factors into variables, which traced graphs read."""
        self.quantizers = self.get_quantizers(self.model)
        for quantizer in self.quantizers:
            if hasattr(quantizer, "use_ste"):
                quantizer.use_ste = self.use_ste
            quantizer.build(use_variables=True)
        self._trace_again()

    def update_qnoise_factor(self, freq: int) -> None:
        """Set the factor of step or epoch ``freq``, if this one is due."""
        factor = self.calculate_qnoise_factor(freq)
        if freq % self.update_freq or factor == self.qnoise_factor:
            return
        self.qnoise_factor = factor
        for quantizer in self.quantizers or []:
            self.set_qnoise_factor(quantizer, factor)
        if keras.backend.backend() == "jax":  # there a traced step holds the factor as a constant
            self._trace_again()

    def _trace_again(self) -> None:
        if self.model is not None and self.model.compiled:
            self.model.make_train_function(force=True)

    def _count(self) -> None:
        self.update_qnoise_factor(self.num_iters)
        self.num_iters += 1

    def on_train_begin(self, logs: Any = None) -> None:
        """Prepare the quantizers, once."""
        if self.quantizers is None:
            self.set_quantizers()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Count the epoch, if epochs are counted."""
        if self.freq_type == "epoch":
            self._count()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Count the step, if steps are counted."""
        if self.freq_type == "step":
            self._count()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record the factor for TensorBoard."""
        if self._writer is not None:
            import tensorflow as tf

            with self._writer.as_default():
                tf.summary.scalar("qnoise_factor", data=self.qnoise_factor, step=epoch)
            self._writer.flush()


def _quantizers(model: keras.Model) -> Iterator[Quantizer]:
    """The quantizers that a model's layers hold, and those of layers, cells and models in them."""
    for layer in model._flatten_layers():
        yield from (value for value in vars(layer).values() if isinstance(value, Quantizer))


def _summary_writer(log_dir: str | os.PathLike[str]) -> Any:
    missing = [name for name in ("tensorflow", "tensorboard") if find_spec(name) is None]
    if missing:
        raise UtilityError(
            f"QNoiseScheduler: log_dir={str(log_dir)!r} needs tensorflow and tensorboard; not "
            f"installed: {', '.join(missing)}; install what is missing or leave log_dir out"
        )
    import tensorflow as tf

    return tf.summary.create_file_writer(os.fspath(log_dir))
