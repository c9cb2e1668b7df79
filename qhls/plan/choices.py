"""Decisions on the hardware of every op: those of a reuse factor, or the least hardware for a number of cycles.

``target`` is the number of cycles for which a process may be busy. A product uses the fewest multipliers, with its
weights in a memory. Other ops use the fewest lanes, along the last axis. A tensor lies in registers if a trip uses all
of it. Otherwise it lies in a memory with as many banks as its writer and its readers have lanes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from qhls.errors import PlanError
from qhls.ir.graph import Graph
from qhls.ir.movement import Concat, Pad, View
from qhls.ir.op import Op
from qhls.ir.ops import ArgMax, Conv, Input, Lookup, Matmul, Pool
from qhls.ir.scan import Scan
from qhls.plan.dataflow import (
    Chain,
    find_array,
    find_chains,
    find_source_array,
    list_computed,
    list_source_arrays,
)
from qhls.plan.fold import (
    Fold,
    choose_fold,
    find_fold,
    list_divisors,
    list_folds,
    list_weight_sizes,
)
from qhls.plan.hardware.figures import FORMS
from qhls.plan.process import PORTS, Place
from qhls.plan.rules import Choice
from qhls.plan.schedule import Folding, Schedule

FEW = 16
"""Largest number of elements of a tensor that is always stored in registers: a memory would be no smaller."""
LUTS_PER_BLOCK = 190
"""Number of LUTs per 18 kbit block RAM on an xc7z020; a memory that needs more LUTs per block is block RAM."""

Choices = dict[Op, Choice]


def list_arrays(graph: Graph) -> list[Op]:
    """Return the ops that need a ``Choice``: first the inputs, then the ops that calls compute."""
    return [*graph.inputs, *list_computed(graph)]


def choose_all(graph: Graph, schedule: Schedule, target: int | None = None) -> tuple[Choice, ...]:
    """Return the decisions on each op of ``list_arrays(graph)``; ``target`` limits the cycles of each process."""
    chosen = {op: choose_for(op, schedule, target) for op in list_arrays(graph)}
    for chain in find_chains(graph, schedule):
        chosen |= _join(chain, chosen)
    if target is None:
        return tuple(chosen.values())
    return tuple(_place(op, graph, chosen, target) for op in chosen)


def _join(chain: Chain, chosen: Choices) -> Choices:
    """Return the decisions on the ops of one process: all get the lanes of the first, only the last is stored."""
    first = chosen[chain[0]]
    lanes = first.lanes
    if isinstance(chain[0], Matmul | Conv):
        lanes = _count_written(chain[0], first)
    elif isinstance(chain[0], Pool):
        lanes = first.lanes or chain[0].shape[-1]
    joined = {op: replace(chosen[op], lanes=lanes) for op in chain[1:]} | {chain[0]: first}
    return joined | {op: replace(joined[op], place="wired") for op in chain[:-1]}


def choose_for(op: Op, schedule: Schedule, target: int | None) -> Choice:
    """Return the decisions on ``op`` alone: tiles or lanes."""
    if isinstance(op, Scan):
        inner = (
            None if target is None else max(target // (op.steps * len(list_computed(op.body))), 1)
        )
        return Choice(schedule, body=_choose_step(op.body, schedule, inner))
    if isinstance(op, Matmul | Conv):
        return _choose_product(op, schedule, target)
    if target is None or isinstance(op, Input):
        return Choice(schedule)
    return Choice(schedule, lanes=_find_lanes(op, target))


def _choose_step(body: Graph, schedule: Schedule, target: int | None) -> tuple[Choice, ...]:
    """Return the decisions on each op of a recurrence's step; ``partition_limit`` places its tensors."""
    products = (Matmul, Conv, Scan)
    chosen = {
        op: choose_for(op, schedule, target if isinstance(op, products) else None)
        for op in list_arrays(body)
    }
    for chain in find_chains(body, schedule):
        chosen |= _join(chain, chosen)
    return tuple(chosen.values())


def _choose_product(op: Matmul | Conv, schedule: Schedule, target: int | None) -> Choice:
    """Return the decisions on a product: its tiles, and the place of its weights if multipliers are shared."""
    trips = None if target is None else max(target // (op.size // op.shape[-1]), 1)
    return choose_product(op, schedule, trips, PORTS if isinstance(op, Conv) else None)


def choose_product(
    op: Matmul | Conv,
    schedule: Schedule,
    trips: int | None,
    windows: int | None = None,
    lanes: int | None = None,
) -> Choice:
    """Return the decisions on a product: tiles for at most ``trips`` trips, and the place of its weights.

    ``trips``: None leaves the tiles to the reuse factor. ``windows``, ``lanes``: as in ``find_fold``.
    """
    wish = find_wish(op, schedule)
    if wish == "logic":
        return Choice(schedule, weights="wired")
    if isinstance(wish, tuple):
        tiles = split_weights(op, *wish)
    elif trips is None:
        tiles = choose_fold(op, schedule)
        if wish is None:
            return Choice(schedule, tiles)
    else:
        tiles = find_fold(list_weight_sizes(op), trips, windows, lanes)
    if wish == "memory" and (tiles is None or tiles.trips == 1):
        shared = [tiles for tiles in list_folds(list_weight_sizes(op)) if tiles.trips > 1]
        tiles = min(shared, key=lambda tiles: (tiles.trips, tiles.products), default=None)
    if tiles is None or tiles.trips == 1:
        return Choice(schedule, weights="wired")
    return Choice(schedule, tiles, place_memory(tiles.trips, tiles.products * op.w.type.width, 1))


def find_wish(op: Op, schedule: Schedule) -> Folding | None:
    """Return the user's fold for the layer of ``op``, by its name or else by the first pattern that matches.

    None if neither is in the schedule.
    """
    wishes = dict(schedule.folding)
    if op.layer in wishes:
        return wishes[op.layer]
    return next((wish for name, wish in wishes.items() if fnmatchcase(op.layer, name)), None)


def split_weights(op: Matmul | Conv, simd: int, pe: int) -> Fold:
    """Return the tiles of ``simd`` inputs and ``pe`` results. Raises ``PlanError`` where they do not divide."""
    folds = list_folds(list_weight_sizes(op))
    for tiles in folds:
        if (tiles.simd, tiles.pe) == (simd, pe):
            return tiles
    values = [sorted({getattr(tiles, name) for tiles in folds}) for name in ("simd", "pe")]
    simds, pes = (", ".join(map(str, numbers)) for numbers in values)
    raise PlanError(
        f"folding of layer {op.layer!r}: expected simd of {simds} and pe of {pes}, got ({simd}, {pe}). Choose "
        f"divisors of {op.name!r}."
    )


def check_folding(graph: Graph, schedule: Schedule) -> None:
    """Raise ``PlanError`` for a name or pattern in ``folding`` that matches no layer with a product."""
    layers = dict.fromkeys(op.layer for op, _ in graph.walk() if isinstance(op, Matmul | Conv))
    for name, _ in schedule.folding:
        if not any(fnmatchcase(layer, name) for layer in layers) and name not in layers:
            names = ", ".join(filter(None, layers)) or "none"
            raise PlanError(
                f"Schedule.folding: expected layers with products ({names}), got {name!r}. Choose one, or a pattern "
                f"such as 'dense*'."
            )


def _find_lanes(op: Op, target: int) -> int | None:
    """Return the fewest results per trip with which ``op`` takes at most ``target`` cycles; the most if no number does.

    None for the place of a maximum, which has no lanes.
    """
    if isinstance(op, ArgMax):
        return None
    if op.size == 1:
        return 1
    steps = math.ceil(math.prod(op.window) / PORTS) if isinstance(op, Pool) else 1
    axis = op.axis % len(op.shape) if isinstance(op, Concat) else -1
    apart = isinstance(op, Concat) and axis == len(op.shape) - 1
    common = math.gcd(*(o.shape[-1] for o in op.operands)) if apart else op.shape[-1]
    for lanes in list_divisors(common):
        if op.size // lanes * steps <= target:
            return lanes
    return op.shape[-1] if isinstance(op, Pool) else op.size


def _place(op: Op, graph: Graph, chosen: Choices, target: int) -> Choice:
    """Return the choice of ``op``, completed by the place and the number of banks of its tensor."""
    choice = chosen[op]
    if choice.place == "wired":
        return choice
    uses = list(_list_lanes(op, graph, chosen, target))
    if 0 in uses:  # a recurrence copies its tensors by ``partition_limit``
        return choice
    banks = math.lcm(*uses)
    if banks >= op.size or op.size <= FEW:
        return replace(choice, place="registers")
    place = place_memory(math.ceil(op.size / banks), op.type.width, banks)
    return replace(choice, place=place, banks=banks)


def _list_lanes(op: Op, graph: Graph, chosen: Choices, target: int) -> Iterator[int]:
    """Yield how many consecutive elements of the tensor of ``op`` one trip of each process uses; 0 for a recurrence."""
    yield _count_written(op, chosen[op])
    for reader in list_computed(graph):
        if op in list_source_arrays(reader):
            operands = [o for o in reader.operands if find_source_array(reader, o) is op]
            yield from (_count_read(reader, operand, chosen[reader]) for operand in operands)
    for result in graph.outputs:
        if find_array(result) is op:
            yield next((n for n in list_divisors(op.size) if op.size // n <= target), op.size)


def _count_written(op: Op, choice: Choice) -> int:
    if isinstance(op, Scan):
        return 0
    if isinstance(op, Input | ArgMax):
        return 1
    if isinstance(op, Matmul | Conv):
        return choice.fold.pe if choice.fold else op.shape[-1]
    return choice.lanes or 1


def _count_read(op: Op, operand: Op, choice: Choice) -> int:
    if isinstance(op, Scan):
        return 0
    if isinstance(op, Matmul | Conv):
        return choice.fold.tile[3] * choice.fold.tile[0] if choice.fold else operand.shape[-1]
    if isinstance(op, ArgMax | Lookup):
        return 1
    lanes = choice.lanes or 1
    if lanes >= op.size:
        return operand.size
    alike = isinstance(op, View | Pad | Concat | Pool) or operand.shape[-1:] == op.shape[-1:]
    return math.gcd(lanes, operand.size) if alike else 1


def place_memory(words: int, width: int, banks: int) -> Place:
    """Return the cheaper memory for ``banks`` banks of ``words`` words: LUTs, or blocks of 18 kbit."""
    luts = banks * FORMS["c bits ceil(elements / 64)"]((words, width))[0]
    blocks = banks * FORMS["c BRAM18 blocks"]((words, width))[0]
    return "lutram" if luts <= LUTS_PER_BLOCK * blocks else "bram"
