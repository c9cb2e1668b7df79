"""Command ``qhls search``, which calls ``pareto`` or, with ``--learned``, ``gradient`` with command-line options."""

from __future__ import annotations

import sys
import warnings
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

from qhls.errors import LoadError, QhlsError
from qhls.frontend.files.load import check_existing
from qhls.frontend.files.weights import limit_weights
from qhls.plan import Schedule
from qhls.search.errors import BudgetError, SearchError, SpaceError
from qhls.search.goals.costs import COST_UNITS
from qhls.search.goals.objectives import parse
from qhls.search.learned.run import GradientSettings, gradient
from qhls.search.pareto import SPACE, ParetoSettings, pareto
from qhls.search.results.front import Front
from qhls.system.files import read_arrays, read_json, write_whole
from qhls.system.text import say

EXIT_INTERRUPTED = 130

VALIDATION = ("test", "val", "valid", "validation")
"""Names of the validation data in a file, after ``x_`` and ``y_``."""

_BOTH = ("epochs", "seed", "technology", "folder")
_LEARNED = ("levels", "strengths", "bits")
_SEARCHED = ("trials", "rungs", "engine", "executor", "workers", "batch", "storage", "name")
"""Names of the options that are settings of both searches, of ``gradient`` only, and of ``pareto`` only."""

_CANDIDATES = ("budget", "space", "warm_start", "transfer_weights")
"""Names of further options that only ``pareto`` accepts."""


def run(options: Namespace) -> int:
    """Run or resume a search and return the exit status, which is 130 after Ctrl-C."""
    data = load_data(options.data)
    objectives = [_parse_objective(text) for text in options.objective or ("accuracy", "energy")]
    model = load_compiled(options, objectives)
    settings = _collect_settings(options)
    types = options.input_type
    scheduled = {k: getattr(options, k) for k in ("reuse_factor", "clock_period", "part")}
    console = Console(width=None if sys.stdout.isatty() else 120)
    settings |= {
        "input_types": types[0] if types and len(types) == 1 else types,
        "schedule": Schedule(**{k: v for k, v in scheduled.items() if v is not None}),
        "fit": {"batch_size": options.batch_size} if options.batch_size else {},
        "progress": console,
    }
    search = gradient if options.learned else pareto
    try:
        front = search(model, data, objectives, **settings)
    except KeyboardInterrupt:
        folder = GradientSettings.folder if options.learned else ParetoSettings.folder
        journal = options.storage or str(Path(options.folder or folder))
        sys.stderr.write(
            f"\nqhls search: interrupted; what has been trained is in {journal}: the same command goes on from there\n"
        )
        return EXIT_INTERRUPTED
    except QhlsError:
        raise
    except ValueError as error:  # raised by Keras in this process
        raise SearchError(
            f"training: expected model, data, loss and metrics that fit each other, got: {error}. Change one of them."
        ) from error
    _print(front, options.report)
    if options.json:
        say(str(write_whole(options.json, f"{front.to_json()}\n".encode(), "--json")))
    return 0


def _collect_settings(options: Namespace) -> dict[str, Any]:
    """Return the settings of the chosen search from the options.

    Raises ``SearchError`` for options that only the other kind of search accepts.
    """
    others = (*_SEARCHED, *_CANDIDATES) if options.learned else _LEARNED
    strange = [f"--{name.replace('_', '-')}" for name in others if getattr(options, name)]
    if strange:
        expected, actual, advice = (
            ("without", "with", "Leave out one of them.")
            if options.learned
            else ("with", "without", "Add --learned.")
        )
        raise SearchError(
            f"{', '.join(strange)}: expected {expected} --learned, got {actual} it. {advice}"
        )
    names = (*_BOTH, *(_LEARNED if options.learned else _SEARCHED))
    values = {name: getattr(options, name) for name in names}
    settings: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    if not options.learned:
        settings |= _read_space(options.space)
        settings["budgets"] = dict(_parse_budget(text) for text in options.budget)
        settings["warm_start"] = options.warm_start
        if options.transfer_weights:
            settings["transfer_weights"] = True
    return settings


def load_data(path: Path) -> tuple[Any, Any, Any, Any]:
    """Load training and validation data ``x, y, x_val, y_val`` from an ``.npz`` file.

    Raises ``LoadError`` for another file, ``SearchError`` for a file that lacks one of these arrays.
    """
    loaded = read_arrays(path)
    arrays: dict[str, Any] = loaded if isinstance(loaded, dict) else {}
    judged = next((n for n in VALIDATION if f"x_{n}" in arrays or f"y_{n}" in arrays), "test")
    wanted = ("x_train", "y_train", f"x_{judged}", f"y_{judged}")
    lacking = [name for name in wanted if name not in arrays]
    if lacking:
        raise SearchError(
            f"{path}: expected arrays x_train, y_train, and x_NAME, y_NAME with NAME one of "
            f"{', '.join(VALIDATION)}, got {', '.join(arrays) or 'none'} without {', '.join(lacking)}. Write them "
            f"with np.savez(path, x_train=..., ...)."
        )
    x, y, x_judged, y_judged = (arrays[name] for name in wanted)
    return x, y, x_judged, y_judged


def load_compiled(options: Namespace, objectives: Sequence[Any]) -> keras.Model:
    """Load the model to quantise, and compile it anew if ``--loss`` or ``--optimizer`` is given.

    Raises ``LoadError`` if Keras cannot load it, ``SearchError`` for an unknown loss or optimizer.
    """
    path = check_existing(options.model)
    try:
        with warnings.catch_warnings(), limit_weights(path.name):
            warnings.simplefilter("ignore", UserWarning)  # the optimizer state is not needed
            model: Any = keras.models.load_model(path)
    except LoadError:
        raise
    except Exception as error:  # Keras may raise any exception here
        raise LoadError(
            f"{path}: expected a model that Keras loads, got {type(error).__name__}: {error}. Save it "
            "again with model.save."
        ) from error
    if options.loss or options.optimizer:
        metrics = [o.name for o in parse(objectives) if not o.is_cost and o.name != "loss"]
        loss = options.loss or getattr(model, "loss", None)
        try:
            optimizer = keras.optimizers.get(options.optimizer or "adam")
            model.compile(optimizer, keras.losses.get(loss), metrics=metrics)
        except ValueError as error:
            raise SearchError(
                f"--optimizer, --loss: expected names that Keras knows, got {options.optimizer!r}, "
                f"{options.loss!r}: {error}. Correct the name."
            ) from error
    return model


def _parse_objective(text: str) -> Any:
    name, colon, direction = text.partition(":")
    return (name, direction) if colon else text


def _parse_budget(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name, float(number)
    except ValueError:
        raise BudgetError(
            f"--budget: expected COST=NUMBER with COST one of {', '.join(COST_UNITS)}, got {text!r}. Write "
            "--budget energy=1000, for example."
        ) from None


def _read_space(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    content = read_json(path, "a JSON file")
    unknown = sorted(set(content) - set(SPACE)) if isinstance(content, dict) else [repr(content)]
    if unknown:
        raise SpaceError(
            f"{path}: expected an object with some of {', '.join(SPACE)}, got {', '.join(unknown)}. Remove other keys."
        )
    return content


def _print(front: Front, report: bool) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in front.count_states().items())
    lines = [f"trials: {counts}", *(point.command for point in front)]
    if front.study:
        lines.append(front.dashboard)
    if report:
        lines.append(f"report: {front.report()}")
    say("\n".join(lines))
