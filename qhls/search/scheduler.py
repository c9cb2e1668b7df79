"""Search block by block: one ``AutoQKeras`` per block of layers, with the results of earlier blocks fixed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from qhls.search.auto import AutoQKeras, choose_folder
from qhls.search.errors import JournalError, SearchError, SpaceError
from qhls.search.goals.forgiving import ForgivingFactor
from qhls.search.goals.goals import as_goal
from qhls.search.trials.training import compile_like, require_compiled
from qhls.system.files import read_json

SCHEDULES = ("sequential", "cost")
MIN_TRIALS = 10
"""Minimum number of trials of a block, whatever its share of the cost."""


class AutoQKerasScheduler:
    """Block-wise search for a quantised ``model``: N trials for each of B blocks of layers instead of N**B trials.

    Arguments are those of ``AutoQKeras`` and of QKeras' scheduler; the goal is a forgiving factor. A block has
    ``max(10, max_trials * its cost / the reference's)`` trials; the layers of earlier blocks keep the
    quantizers and weights that were found. After each block ``model_block_i.keras`` and ``scheduler.json``
    are written to ``output_dir``; with ``overwrite=False`` a later search continues after them.

    Args:
        blocks: a list of regular expressions, one per block; its layers are those whose names begin with a match.
        schedule_block: "sequential", or "cost": the most expensive blocks first.
        debug: ``fit`` searches nothing; ``schedule()`` returns its plan.

    Raises:
        SpaceError, GoalError, JournalError: invalid arguments, or an invalid ``scheduler.json``.
    """

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        model: keras.Model,
        metrics: Any = None,
        custom_objects: Mapping[str, Any] | None = None,
        goal: Any = None,
        output_dir: str | Path = "result",
        mode: str = "random",
        transfer_weights: bool = False,
        activation_bits: int = 4,
        limit: Mapping[str, Any] | None = None,
        tune_filters: str = "none",
        tune_filters_exceptions: str | None = None,
        layer_indexes: Sequence[int] | None = None,
        learning_rate_optimizer: bool = False,
        blocks: Sequence[str] | None = None,
        schedule_block: str = "sequential",
        quantization_config: Mapping[str, Mapping[str, int]] | None = None,
        overwrite: bool = True,
        debug: bool = False,
        **tuner_kwargs: Any,
    ) -> None:
        require_compiled(model)
        if schedule_block not in SCHEDULES:
            raise SpaceError(
                f"schedule_block: expected one of {', '.join(SCHEDULES)}, got {schedule_block!r}. Choose one of these."
            )
        self.model, self.metrics, self.custom_objects = (
            model,
            metrics or ["acc"],
            custom_objects,
        )
        self.goal = as_goal(goal, model)
        self.factor = _require_factor(self.goal.factor)
        self.limit, self.layer_indexes, self.debug = limit, layer_indexes, debug
        self.mode, self.tuner_kwargs = mode, tuner_kwargs
        self.settings: dict[str, Any] = {
            "transfer_weights": transfer_weights,
            "activation_bits": activation_bits,
            "tune_filters": tune_filters,
            "tune_filters_exceptions": tune_filters_exceptions,
            "learning_rate_optimizer": learning_rate_optimizer,
            "quantization_config": quantization_config,
        }
        self.groups = self._group_layers(blocks, schedule_block)
        self.output_dir = choose_folder(Path(output_dir), overwrite)
        self.next_block = self._find_next_block()
        self.autoqk: AutoQKeras | None = None
        self.best_model: keras.Model | None = None
        self.learning_rate = AutoQKeras.get_best_lr(model)
        self._history: list[dict[str, list[float]]] = []

    @property
    def schedule(self) -> list[tuple[str, list[str], float, int]]:
        """Return ``(pattern, layers, cost, trials)`` of each block, in the order of the search."""
        reference = self.factor.reference_total
        blocks = []
        for pattern, names, cost in self.groups:
            most = self.tuner_kwargs.get("max_trials")
            trials = MIN_TRIALS if not most else max(MIN_TRIALS, int(most * cost / reference))
            blocks.append((pattern, names, cost, trials))
        return blocks

    def fit(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Search block after block; arguments as in ``AutoQKeras.fit``, whose errors it raises."""
        if self.debug:
            return
        model, frozen = self.model, []
        if self.next_block:
            model = self._load_block(self.next_block - 1)
        for number, (_, names, _, trials) in enumerate(self.schedule):
            if number >= self.next_block:
                of_block = {"max_trials": trials, "frozen_layers": frozen}
                settings = self.settings | self.tuner_kwargs | of_block
                model = self._fit_block(number, model, names, settings, (fit_args, fit_kwargs))
            frozen = [*frozen, *names]
        self.best_model = model

    def _fit_block(
        self,
        number: int,
        model: keras.Model,
        names: Sequence[str],
        settings: Mapping[str, Any],
        fit: tuple[Sequence[Any], Mapping[str, Any]],
    ) -> keras.Model:
        indexes = [i for i, layer in enumerate(model.layers) if layer.name in names]
        self.autoqk = AutoQKeras(
            model,
            self.metrics,
            custom_objects=self.custom_objects,
            goal=self.factor,
            output_dir=self.output_dir / str(number),
            mode=self.mode,
            limit=self.limit,
            layer_indexes=indexes,
            overwrite=False,
            **settings,
        )
        self.autoqk.fit(*fit[0], **fit[1])
        self._history.append(self.autoqk.history())
        best = self.autoqk.get_best_model()
        self.learning_rate = self.autoqk.get_learning_rate()
        compile_like(best, self.model, self.metrics)
        best.save(self._locate_block(number))
        self.next_block = number + 1
        text = json.dumps({"next_block": self.next_block})
        (self.output_dir / "scheduler.json").write_text(text, encoding="utf-8")
        return best

    def get_history(self) -> list[dict[str, list[float]]]:
        """Return ``AutoQKeras.history()`` of each block searched by this object."""
        return self._history

    @property
    def history(self) -> list[dict[str, list[float]]]:
        """History of each block, as from ``get_history``."""
        return self._history

    def get_best_model(self) -> keras.Model:
        """Return the trained model with all blocks quantised. Raises ``SearchError`` before ``fit``."""
        if self.best_model is None:
            raise SearchError(
                "get_best_model: expected a search that has run, got none. Call fit first."
            )
        self.factor.get_trial(self.best_model)
        return self.best_model

    def get_learning_rate(self) -> float:
        """Return the learning rate of the best model of the last searched block; if none, that of ``model``."""
        return self.learning_rate

    # -- blocks -------------------------------------------------------------------------------------

    def _group_layers(
        self, blocks: Sequence[str] | None, schedule: str
    ) -> list[tuple[str, list[str], float]]:
        """Return pattern, layers and cost of each block."""
        if not blocks:
            raise SpaceError(
                "blocks: expected a list of regular expressions for names of layers, got none. Pass at least one."
            )
        stats = self.factor.get_reference_stats()
        groups, taken = [], set[str]()
        for pattern in blocks:
            try:
                names = [name for name in self._list_names() if re.match(pattern, name)]
            except re.error as error:
                raise SpaceError(
                    f"blocks: expected a regular expression, got {pattern!r}: {error}. Correct it."
                ) from None
            names = [name for name in names if name not in taken]
            if not names:
                raise SpaceError(
                    f"blocks: expected a pattern that matches layers which no earlier one does, got "
                    f"{pattern!r}. Layers are {', '.join(self._list_names())}."
                )
            taken |= set(names)
            cost = sum(s["total"] for n, s in stats.items() if n.partition("/")[0] in names)
            groups.append((pattern, names, cost))
        return groups if schedule == "sequential" else sorted(groups, key=lambda group: -group[2])

    def _list_names(self) -> list[str]:
        indexes = self.layer_indexes
        return [
            layer.name
            for i, layer in enumerate(self.model.layers)
            if (indexes is None or i in indexes) and not isinstance(layer, keras.layers.InputLayer)
        ]

    def _locate_block(self, number: int) -> Path:
        return self.output_dir / f"model_block_{number}.keras"

    def _load_block(self, number: int) -> keras.Model:
        model: Any = keras.models.load_model(
            self._locate_block(number),
            custom_objects=dict(self.custom_objects or {}),
            compile=False,
        )
        compile_like(model, self.model, self.metrics)
        return model

    def _find_next_block(self) -> int:
        path = self.output_dir / "scheduler.json"
        if not path.exists():
            return 0
        content = read_json(path, "{'next_block': a number}", JournalError)
        try:
            number = content["next_block"]
            sound = 0 <= number <= len(self.groups)
            sound = sound and (not number or self._locate_block(number - 1).exists())
        except (ValueError, LookupError, TypeError):
            number, sound = 0, False
        if not sound:
            raise JournalError(
                f"{path}: expected {{'next_block': a number up to {len(self.groups)}}} and the model of the "
                f"block before it, got {str(content)[:80]!r}. Search in a new folder."
            )
        return number


def _require_factor(factor: ForgivingFactor | None) -> ForgivingFactor:
    if factor is None:
        raise SearchError(
            "goal: expected a forgiving factor (type 'bits' or 'energy'), whose sizes share the trials "
            "among blocks, got another goal. Use AutoQKeras with it."
        )
    return factor
