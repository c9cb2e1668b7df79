"""Counts of what stream modules consist of outside their bodies: counters, registers, memories and multiplexers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from qhls.rtl.streams.bodies import list_tile_elements, pack_weights
from qhls.rtl.streams.counters import Counter
from qhls.rtl.streams.modules import Module
from qhls.synthesis.families import Family
from qhls.synthesis.logic.functions import count_functions
from qhls.synthesis.parts import count_parts
from qhls.synthesis.streams.memories import map_memory


@dataclass(slots=True)
class Shell:
    """Parts and memories of a stream module, without those of its body, the netlist that computes a step.

    ``parts``: number of parts of each kind. ``memories``: width in bits, number of words, and access of each memory.
    """

    parts: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    memories: list[tuple[int, int, Literal["ram", "rom"]]] = field(default_factory=list)

    def count(self, counters: Iterable[Counter]) -> None:
        """Count each bit of the counters twice: as part of a counter and as a register."""
        bits = sum(each.width for each in counters if each.size > 1)
        self.parts["counter"] += bits
        self.parts["register"] += bits

    def choose(self, bits: int, among: int, family: Family) -> None:
        """Add a multiplexer of ``bits`` bits with ``among`` inputs."""
        self.parts["logic"] += bits * price_choice(among, family)


def price_choice(among: int, family: Family) -> int:
    """Return the number of look-up tables per bit of a multiplexer with ``among`` inputs.

    Families with wide multiplexers need look-up tables only for the first stage.
    """
    if among < 2:
        return 0
    if family.wide:
        return -(-among // (4 if family.inputs == 6 else 2))
    return among - 1


def describe_shell(module: Module, family: Family) -> Shell:
    """Return the shell of a module: the logic and memories around its body."""
    shell = Shell()
    _SHELLS[module.template](shell, module, family)
    if module.tail:
        shell.parts["register"] += module.token_bits * module.tail.staged + module.tail.delay
        shell.count([module.phase])
    return shell


def _describe_fork(shell: Shell, module: Module, family: Family) -> None:
    """Count nothing, because a fork consists of wires and a gate."""


def _describe_fill(shell: Shell, module: Module, family: Family) -> None:
    shell.count([*module.places, module.phase])
    shell.parts["register"] += module.delay


def _describe_regroup(shell: Shell, module: Module, family: Family) -> None:
    shell.count(module.places)
    read = module.reads[0]
    if module.given > 1:
        _keep_tokens(shell, module, family)
    elif read.taken > 1:
        bits = read.fifo.lanes * module.writes[0].tensor.type.width
        shell.parts["register"] += module.step_bits - bits


def _describe_reduce(shell: Shell, module: Module, family: Family) -> None:
    shell.count(module.places)
    bits, tokens = module.token_bits, module.places[0].size
    if tokens > 1:
        shell.memories.append((bits, tokens, "ram"))
        shell.parts["register"] += module.places[0].width
    else:
        shell.parts["register"] += bits


def _describe_steps(shell: Shell, module: Module, family: Family) -> None:
    """Count the shell of a pipeline of steps, which needs fewer counters if a step takes and writes one token."""
    single, held = module.length == 1, module.held.size
    if held:
        shell.parts["register"] += 1
        shell.count([module.held])
    counted = module.slide or held or not single
    phase = [] if module.tail else [module.phase]
    shell.count([module.index, *phase, *(module.places if counted else []), *module.phases])
    shell.parts["register"] += sum(read.kept for read in module.reads if read.held or not single)
    shell.parts["register"] += module.delay + 3 * (not single)
    _add_window(shell, module, single)
    _keep_tokens(shell, module, family)


def _describe_loop(shell: Shell, module: Module, family: Family) -> None:
    """Count the shell of a loop that first reads tokens, then computes, then writes tokens."""
    shell.parts["register"] += 2
    if module.held.size:
        shell.parts["register"] += 1
        shell.count([module.held])
    shell.count([module.index, *module.places, *module.phases])
    shell.parts["register"] += sum(read.kept for read in module.reads)
    if module.slide:
        shell.parts["register"] += 2
    _add_window(shell, module, False)
    if module.body and module.body.engine == "scan":
        _advance(shell, module, family)
    else:
        _multiply_tiles(shell, module, family)
    _keep_tokens(shell, module, family)


def _describe_tiles(shell: Shell, module: Module, family: Family) -> None:
    """Count the shell of a tiled product, which reads the next tokens while it computes."""
    tiles, body = module.process.tiles, module.body
    assert tiles is not None
    assert body is not None
    assert body.pace is not None
    used = module.beat if module.given > 1 else Counter("beat", 1)
    shell.count([module.index, used, *module.places, *module.phases])
    shell.parts["register"] += 2 + tiles.ends + body.pace.delay
    kept = module.reads[0].kept
    operand = kept
    if module.slide:
        operand = module.slide.span[0] * module.slide.span[1] * module.pixel
    shell.parts["register"] += kept + operand
    _add_window(shell, module, False)
    _multiply_tiles(shell, module, family)
    if module.given > 1:
        shell.count([module.sent])
        shell.choose(module.token_bits, module.given, family)


def _keep_tokens(shell: Shell, module: Module, family: Family) -> None:
    """Count the registers and multiplexers for the tokens of a result that are written after the first."""
    if module.given > 1:
        bits = module.step_bits - module.token_bits
        shell.count([module.sent])
        shell.parts["register"] += bits
        shell.choose(bits + module.token_bits * (module.given == 2), 2, family)


def _add_window(shell: Shell, module: Module, single: bool) -> None:
    """Count the line buffers and the registers of a window."""
    slide = module.slide
    if slide is None:
        return
    (height, width), columns = slide.span, slide.image[1]
    if slide.is_padded:
        shell.parts["logic"] += module.pixel
        shell.parts["register"] += not single
    if height > 1:
        shell.memories.append(((height - 1) * module.pixel, columns, "ram"))
        if columns > 1:  # each memory has a separate address
            shell.parts["register"] += module.places[0].width * (1 if single else 3)
    whole = width if module.template == "loop" else width - 1
    shell.parts["register"] += height * module.pixel * whole


def _multiply_tiles(shell: Shell, module: Module, family: Family) -> None:
    """Count the weight ROM, the multiplexers of a tile's inputs, and the accumulators of a folded product."""
    fold, body = module.fold, module.body
    assert fold is not None
    assert body is not None
    inner, _, group = module.fold_counters
    counters = [inner, module.trip, module.round]
    counters += module.fold_counters[1:] if group.size > 1 else []
    shell.count(counters)
    shell.parts["register"] += 1 + 4 * (1 + module.delay)
    words = np.array(pack_weights(module._product, fold), object)
    shell.memories.append((module.word, len(words), "rom"))
    if map_memory(family.name, module.word, len(words), "rom").kind == "logic":
        columns = {tuple(column) for column in _list_columns(words, module.word)}
        shell.parts["register"] += sum(len(set(column)) > 1 for column in columns)
        shell.parts["table"] += count_functions([np.array(c, np.uint8) for c in columns], family)
    product = module._product
    width = product.x.type.width
    packed = family.packs and count_parts(body.netlist, family)["dsp"] > 0
    for places in zip(*list_tile_elements(product, fold), strict=True):
        shell.choose(width, len(set(places)), family)
        shell.parts["register"] += 0 if packed else width
    sums = module.accumulator * fold.pe
    shell.parts["register"] += sums * (1 + fold.rounds)
    shell.parts["sum"] += sums
    if not (packed and fold.simd == 1):
        shell.parts["carry"] += fold.pe * -(-module.accumulator // family.carry_bits)


def _list_columns(words: Iterable[int], width: int) -> Iterator[list[int]]:
    """Yield for each bit position that bit of all words, padded with the last word to a complete truth table."""
    words = list(words)
    whole = 1 << max(len(words) - 1, 1).bit_length()
    for bit in range(width):
        yield [words[min(n, len(words) - 1)] >> bit & 1 for n in range(whole)]


def _advance(shell: Shell, module: Module, family: Family) -> None:
    """Count the step counter, the state registers and the result registers of a recurrence."""
    turn = module.turn
    shell.parts["register"] += 2 + module.delay + turn.states + module.step_bits
    for product in turn.products:  # two bits of the handshake, and the result
        shell.parts["register"] += 2 + product.bits
    shell.count([turn.steps, turn.levels])


_SHELLS = {
    "fork": _describe_fork,
    "fill": _describe_fill,
    "regroup": _describe_regroup,
    "reduce": _describe_reduce,
    "steps": _describe_steps,
    "loop": _describe_loop,
    "tiles": _describe_tiles,
}
