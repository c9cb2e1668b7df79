"""Verilog modules of processes: the names, registers and counters that the templates print."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from qhls.backends.names import make_printable
from qhls.ir.ops import Conv, Matmul
from qhls.ir.scan import Scan
from qhls.plan.dataflow import find_array
from qhls.plan.fold import Fold
from qhls.plan.streams.actions import Fill, Reduce, Regroup, Repeat, Slide
from qhls.plan.streams.network import Fifo, StreamProcess
from qhls.rtl.streams.bodies import (
    Body,
    Tail,
    list_result_lanes,
    list_tile_elements,
    pack_weights,
)
from qhls.rtl.streams.connections import connect_ports, print_parts
from qhls.rtl.streams.counters import Counter
from qhls.rtl.streams.reads import Read
from qhls.rtl.streams.recurrences import Turn
from qhls.rtl.streams.steps import list_operands
from qhls.rtl.verilog import Verilog, make_literal


@dataclass(frozen=True, eq=False)
class Module:
    """A Verilog module, called ``name``, that implements ``process``."""

    name: str
    process: StreamProcess
    body: Body | None
    body_name: str
    followers_name: str

    @property
    def template(self) -> str:
        """Return the name of the template that prints the module."""
        if self.body is None:
            return "regroup" if isinstance(self.process.action, Regroup) else "fork"
        return "loop" if self.body.engine in ("fold", "scan") else self.body.engine

    @property
    def title(self) -> str:
        """Return the name of the process in printable characters, for a comment."""
        return make_printable(self.process.name)

    @property
    def writes(self) -> tuple[Fifo, ...]:
        """Return the FIFOs that the module writes."""
        return self.process.writes

    @cached_property
    def reads(self) -> list[Read]:
        """Return the FIFOs that the module reads, with the number of held tokens of each.

        Held tokens are read before the first step and kept for the whole inference.
        """
        reads: list[Read] = []
        first = 0
        for number, (fifo, taken) in enumerate(
            zip(self.process.reads, self.process.taken, strict=True)
        ):
            held = fifo.tokens if fifo.tensor in self.process.held else 0
            reads.append(Read(number, fifo, taken, first, held))
            first += held
        return reads

    @property
    def narrowed(self) -> str:
        """Return the Verilog list of the elements of an input token, the last first, each cut to the result's width."""
        width, read = self.writes[0].tensor.type.width, self.reads[0].fifo
        lows = (lane * read.tensor.type.width for lane in reversed(range(read.lanes)))
        return ", ".join(f"in0_data[{low + width - 1}:{low}]" for low in lows)

    @property
    def given(self) -> int:
        """Return the number of tokens that a step writes."""
        return self.process.given

    @property
    def length(self) -> int:
        """Return the number of firings that ``index`` counts in a step.

        Where a step is a loop, these are only the firings that read tokens.
        """
        most = max(self.process.taken, default=0)
        if self.template == "tiles" and self.process.tiles:
            return self.process.tiles.longest
        return max(most, 1) if self.template == "loop" else max(most, self.given, 1)

    @property
    def held(self) -> Counter:
        """Return the counter of the tokens that are read before the first step and kept for the whole inference."""
        return Counter("held", sum(read.held for read in self.reads))

    @property
    def index(self) -> Counter:
        """Return the counter of the firings within a step; where a step is a loop, of those that read tokens."""
        return Counter("index", self.length)

    @property
    def sent(self) -> Counter:
        """Return the counter of the tokens that the current step has written."""
        return Counter("sent", self.given)

    @property
    def phase(self) -> Counter:
        """Return the counter of the result's tokens after which constants repeat."""
        return Counter("phase", self.process.period)

    @property
    def tail(self) -> Tail | None:
        """Return the separate logic of later fused ops; None where the body computes all ops."""
        return self.body.tail if self.body else None

    @property
    def token_bits(self) -> int:
        """Return the width in bits of a token of the body's results, before separate fused ops."""
        fifo, op = self.writes[0], self.process.op
        return fifo.lanes * op.type.width if self.tail and op else fifo.bits

    @property
    def delay(self) -> int:
        """Return the latency of the process's netlist in clock cycles; 0 where tokens are only copied or regrouped."""
        return self.body.netlist.latency if self.body else 0

    @cached_property
    def places(self) -> list[Counter]:
        """Return the counters that locate the current step within an inference, innermost first."""
        action = self.process.action
        if isinstance(action, Slide):
            rows, columns, _ = action.image
            return [Counter("column", columns), Counter("row", rows)]
        if isinstance(action, Fill):
            *outer, inner = action.op.shape or (1,)
            lanes = self.process.writes[0].lanes
            counters = [Counter("token", inner // lanes)]
            return counters + [Counter(f"axis{a}", n) for a, n in reversed([*enumerate(outer)])]
        if isinstance(action, Regroup):
            return [Counter("token", self.process.trips)]
        if isinstance(action, Reduce):
            tokens = self.process.writes[0].tokens
            return [Counter("token", tokens), Counter("pixel", action.pixels)]
        if isinstance(action, Repeat):
            return [Counter("step", action.steps)]
        return []

    @cached_property
    def phases(self) -> list[Counter]:
        """Return the counters of columns and of rows modulo the strides of a window; empty without a window.

        A window ends only where both are 0.
        """
        action = self.process.action
        if not isinstance(action, Slide):
            return []
        named = zip(
            ("column_phase", "row_phase"), action.strides[::-1], action.span[::-1], strict=True
        )
        return [Counter(name, stride, (1 - span) % stride) for name, stride, span in named]

    @property
    def active(self) -> str:
        """Return the Verilog condition that the current step computes a result.

        For a window: that it ends at the current pixel.
        """
        action = self.process.action
        if not isinstance(action, Slide):
            return "1'b1"
        spans = zip(self.places, self.phases, action.span[::-1], strict=True)
        return " && ".join(
            f"({place.print_within(span - 1, place.size)}) && ({phase.print_equals(0)})"
            for place, phase, span in spans
        )

    @property
    def inside(self) -> str:
        """Return the Verilog condition that the current token or column of a padded tensor comes from the operand."""
        action = self.process.action
        if isinstance(action, Slide):
            column, row = self.places
            pairs = zip((row, column), action.around, strict=True)
            return " && ".join(f"({c.print_within(a, c.size - b)})" for c, (a, b) in pairs)
        assert isinstance(action, Fill)
        conditions = ["1'b1"]
        for axis, (before, after) in enumerate(action.op.widths):
            if before or after:
                counter = next(c for c in self.places if c.name == f"axis{axis}")
                conditions.append(counter.print_within(before, counter.size - after))
        return " && ".join(conditions)

    def print_number(self, code: int, width: int) -> str:
        """Return the Verilog literal of ``code`` with ``width`` bits."""
        return make_literal(code, width)

    # Windows

    @property
    def slide(self) -> Slide | None:
        """Return the sliding window of the process; None for a process without a window."""
        return self.process.action if isinstance(self.process.action, Slide) else None

    @property
    def filling(self) -> str:
        """Return the Verilog literal of a column of the padding that the window adds."""
        assert self.slide is not None
        width = self.process.reads[0].tensor.type.width
        return f"{{{self.slide.image[2]}{{{make_literal(self.slide.value, width)}}}}}"

    @property
    def pixel(self) -> int:
        """Return the width in bits of a column, whose pixels are read at once."""
        assert self.slide is not None
        return self.slide.image[2] * self.process.reads[0].tensor.type.width

    def _find_window_element(self, number: int) -> int:
        """Return the index within the window's registers of element ``number`` of the step's operand.

        The registers are in the order column, row, channel.
        """
        slide = self.slide
        assert slide is not None
        pixel, channel = divmod(number, slide.channels)
        place = slide.find_place(*divmod(pixel, slide.size[1]), channel)
        height, width = slide.span
        row, within = divmod(place, width * slide.image[2])
        column, element = divmod(within, slide.image[2])
        return (column * height + row * slide.dilation[0]) * slide.image[2] + element

    # Body

    @cached_property
    def verilog(self) -> Verilog:
        """Return the Verilog module of the process's netlist."""
        assert self.body is not None
        return Verilog.of(replace(self.body.netlist, name=self.body_name))

    @cached_property
    def followers(self) -> Verilog:
        """Return the Verilog module of the later fused ops that are separate from the body."""
        assert self.tail is not None
        return Verilog.of(replace(self.tail.netlist, name=self.followers_name))

    @property
    def netlists(self) -> list[Verilog]:
        """Return the Verilog modules that this module instantiates."""
        return [
            *([self.verilog] if self.body else []),
            *([self.followers] if self.tail else []),
        ]

    def _print_source(self, op_number: int, number: int) -> str:
        """Return the Verilog part-select of element ``number`` of operand ``op_number`` of the step."""
        assert isinstance(self.process.action, Repeat | Slide)
        operand = list_operands(self.process.action.step)[op_number]
        return self._print_operand_element(operand, number)

    def _print_operand_element(self, operand: object, number: int) -> str:
        """Return the Verilog part-select of element ``number`` of ``operand``, an operand of the step."""
        if self.slide:
            number = self._find_window_element(number)
        if self.template == "tiles":
            return self.reads[0].print_element("operand", number)
        if self.slide:
            return self.reads[0].print_element("window", number)
        read = self._read_of(operand)
        if read.held:
            return read.print_element(f"held{read.number}", number)
        if self.template == "steps" and self.length == 1:
            return read.print_element(f"in{read.number}_data", number)
        return read.print_element(f"part{read.number}", number)

    def _read_of(self, operand: object) -> Read:
        """Return the FIFO that carries ``operand``, an operand of the step."""
        op, action = self.process.op, self.process.action
        assert op is not None and isinstance(action, Repeat | Slide)
        pairs = zip(op.operands, action.step.operands, strict=True)
        whole = next(whole for whole, part in pairs if part is operand)
        array = find_array(whole)
        return next(read for read in self.reads if read.fifo.tensor is array)

    def list_connections(self) -> Iterator[str]:
        """Yield the Verilog port connections of the instance of the process's netlist."""
        assert self.body is not None
        yield from connect_ports(self.verilog, self._print_sources(), "made")

    def list_followers_connections(self) -> Iterator[str]:
        """Yield the Verilog port connections of the later fused ops that are separate from the body."""
        yield from connect_ports(self.followers, self._print_followers_sources(), "out0_data")

    def _print_followers_sources(self) -> Iterator[str]:
        *phase, token = self.followers.netlist.inputs
        yield from (self.phase.name for _ in phase)
        yield from print_parts("passing", [token])

    def _print_sources(self) -> Iterator[str]:
        assert self.body is not None
        kind = self.body.engine
        ports = self.body.netlist.inputs
        if self.phase.size > 1 and not self.tail:
            yield self.phase.name
            ports = ports[1:]
        if kind == "reduce":
            yield "first"
            for vector, port in zip(("in0_data", "so_far"), ports[1:], strict=True):
                yield from print_parts(vector, [port])
        elif kind == "steps":
            for number, port in enumerate(ports):
                yield from (self._print_source(number, e) for e in range(len(port.cells)))
        elif kind == "fill":
            yield "belongs"
            yield from print_parts("in0_data", ports[1:])
        elif kind == "scan":
            yield "first"
            yield from self._print_scan_sources()
        else:
            for vector, port in zip(("tile", "weights"), ports, strict=True):
                yield from print_parts(vector, [port])

    def _print_scan_sources(self) -> Iterator[str]:
        assert self.body is not None
        scan = self.scan
        assert scan is not None
        _, row, *others = self.body.netlist.inputs
        count = len(scan.carried)
        yield from (self._print_operand_element(scan.x, e) for e in range(len(row.cells)))
        yield from print_parts("states", others[:count])
        starts = list(dict.fromkeys(op for op in scan.start if op.batched))
        results = others[count + len(starts) :]
        for op, port in zip(starts, others[count:], strict=False):
            yield from (self._print_operand_element(op, e) for e in range(len(port.cells)))
        for number, port in enumerate(results):
            yield from print_parts(f"product{number}", [port])

    @property
    def made(self) -> int:
        """Return the total width in bits of the outputs of the process's netlist."""
        assert self.body is not None
        return sum(port.type.width * len(port.cells) for port in self.body.netlist.outputs)

    # Recurrences

    @property
    def scan(self) -> Scan | None:
        """Return the recurrence that a step computes; None for a process without a recurrence."""
        action = self.process.action
        step = action.step if isinstance(action, Repeat) else None
        return step if isinstance(step, Scan) else None

    @property
    def row(self) -> int:
        """Return the width in bits of a row: the input of one time step of a recurrence."""
        assert self.scan is not None
        return self.scan.x.type.width * self.scan.x.size // self.scan.steps

    @property
    def turn(self) -> Turn:
        """Return the time step of a recurrence."""
        assert self.scan is not None
        assert self.body is not None
        return Turn.of(self.scan, self.body.netlist, self.body.products)

    @property
    def rows_read(self) -> Read:
        """Return the FIFO that carries the inputs of a recurrence, one row per time step."""
        assert self.scan is not None
        return self._read_of(self.scan.x)

    # Folds

    @property
    def fold(self) -> Fold | None:
        """Return the fold, which divides the weights into tiles; None for a process without a fold."""
        return self.process.hardware.fold if self.process.hardware else None

    @property
    def _product(self) -> Matmul | Conv:
        action = self.process.action
        assert isinstance(action, Repeat | Slide)
        assert isinstance(action.step, Matmul | Conv)
        return action.step

    @property
    def tiles(self) -> list[str]:
        """Return for each tile the Verilog list of its inputs, the last element first.

        Elements beyond an axis are 0.
        """
        product, fold = self._product, self.fold
        assert fold is not None
        zero = make_literal(0, product.x.type.width)
        return [
            ", ".join(
                zero if place is None else self._print_operand_element(product.x, place)
                for place in reversed(tile)
            )
            for tile in list_tile_elements(product, fold)
        ]

    @property
    def words(self) -> list[str]:
        """Return the Verilog literals of all words of the ROM of weights."""
        assert self.fold is not None
        return [make_literal(word, self.word) for word in pack_weights(self._product, self.fold)]

    @property
    def word(self) -> int:
        """Return the width of a ROM word in bits."""
        assert self.fold is not None
        return self.fold.products * self._product.w.type.width

    @property
    def tile(self) -> int:
        """Return the width in bits of the inputs of one tile."""
        assert self.fold is not None
        return self.fold.tile[0] * self.fold.simd * self._product.x.type.width

    @property
    def fold_counters(self) -> list[Counter]:
        """Return the counters that locate a tile in the ROM, innermost first: within a round, by filters, by groups.

        A round is all tiles that add to the same results.
        """
        assert self.fold is not None
        groups, rows, columns, channels, filters = self.fold.counts
        return [
            Counter("inner", rows * columns * channels),
            Counter("filter", filters),
            Counter("group", groups),
        ]

    @property
    def round(self) -> Counter:
        """Return the counter of finished rounds; a round is all tiles that add to the same results."""
        assert self.fold is not None
        return Counter("round", self.fold.rounds)

    @property
    def beat(self) -> Counter:
        """Return the counter of the tiles that belong to the current token of the result."""
        assert self.process.tiles is not None
        return Counter("beat", self.process.tiles.trips // self.given)

    @property
    def trip(self) -> Counter:
        """Return the counter of all tiles."""
        assert self.fold is not None
        return Counter("trip", self.fold.trips)

    @property
    def accumulator(self) -> int:
        """Return the width of an accumulator in bits."""
        assert self.process.op is not None
        return self.process.op.type.width

    @property
    def results(self) -> str:
        """Return the Verilog list of the results of a fold, the last element first."""
        assert self.fold is not None
        width = self.accumulator
        lanes = reversed(list_result_lanes(self.fold))
        return ", ".join(f"sums[{(lane + 1) * width - 1}:{lane * width}]" for lane in lanes)

    @property
    def step_bits(self) -> int:
        """Return the width in bits of all results of one step."""
        return self.given * self.token_bits
