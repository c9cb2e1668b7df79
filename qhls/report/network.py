"""The picture of a graph: one box per operation, in layers from the inputs down, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import networkx as nx

from qhls.ir import Const, Graph, Op

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 190, 46, 26, 44, 16
_PASSES = 4
"""Sweeps that order the boxes of each row by their neighbours'."""
_LONGEST = 24


@dataclass(frozen=True)
class Box:
    """One operation at a place: the upper left corner, in pixels."""

    op: Op
    x: float
    y: float

    @property
    def top(self) -> tuple[float, float]:
        """Return the middle of the upper side."""
        return self.x + BOX_WIDTH / 2, self.y

    @property
    def bottom(self) -> tuple[float, float]:
        """Return the middle of the lower side."""
        return self.x + BOX_WIDTH / 2, self.y + BOX_HEIGHT


@dataclass(frozen=True)
class Network:
    """Boxes and edges of a graph, and the size of the picture in pixels."""

    boxes: Mapping[Op, Box]
    edges: tuple[tuple[Box, Box], ...]
    width: float
    height: float


def lay_out_network(graph: Graph) -> Network:
    """Place the operations of ``graph`` without its constants: each below all that it reads, edges short."""
    flow: nx.DiGraph[Op] = nx.DiGraph()
    operations = [op for op in graph.ops if not isinstance(op, Const)]
    flow.add_nodes_from(operations)
    for op in operations:
        flow.add_edges_from((operand, op) for operand in op.operands if operand in flow)
    rows = [list(row) for row in nx.topological_generations(flow)]
    _order(flow, rows)
    widest = max(map(len, rows), default=1)
    width = MARGIN * 2 + widest * (BOX_WIDTH + GAP_X) - GAP_X
    boxes: dict[Op, Box] = {}
    for depth, row in enumerate(rows):
        left = (width - len(row) * (BOX_WIDTH + GAP_X) + GAP_X) / 2
        for i, op in enumerate(row):
            y = MARGIN + depth * (BOX_HEIGHT + GAP_Y)
            boxes[op] = Box(op, left + i * (BOX_WIDTH + GAP_X), y)
    edges = tuple((boxes[a], boxes[b]) for a, b in flow.edges)
    height = MARGIN * 2 + len(rows) * (BOX_HEIGHT + GAP_Y) - GAP_Y
    return Network(boxes, edges, width, height)


def _order(flow: nx.DiGraph[Op], rows: list[list[Op]]) -> None:
    """Sort each row by the mean place of its neighbours in the row before, down and up in turns."""
    for turn in range(_PASSES):
        down = turn % 2 == 0
        place: dict[Op, float] = {}
        for row in rows if down else reversed(rows):
            near = {op: list(flow.predecessors(op) if down else flow.successors(op)) for op in row}
            middle = {
                op: sum(place[n] for n in known) / len(known) if known else float(i)
                for i, op in enumerate(row)
                for known in [[n for n in near[op] if n in place]]
            }
            row.sort(key=middle.__getitem__)
            place |= {op: i - (len(row) - 1) / 2 for i, op in enumerate(row)}


def draw_network(graph: Graph, links: Mapping[Op, str]) -> str:
    """Return the picture as SVG; ``links`` are the addresses of the operations, such as ``#layer-1``."""
    network = lay_out_network(graph)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {network.width:g} {network.height:g}" role="img" '
        f'aria-label="Network of {escape(graph.name)}: {len(network.boxes)} operations" class="network">'
    ]
    lines += [_draw_edge(*edge) for edge in network.edges]
    lines += [_draw_box(box, links.get(op, "")) for op, box in network.boxes.items()]
    return "\n".join([*lines, "</svg>"])


def _draw_edge(start: Box, end: Box) -> str:
    (x0, y0), (x1, y1) = start.bottom, end.top
    middle = (y0 + y1) / 2
    label = f"{start.op.type} · {'x'.join(map(str, start.op.shape)) or '1'}"
    path = f"M{x0:g} {y0:g}C{x0:g} {middle:g} {x1:g} {middle:g} {x1:g} {y1:g}"
    text = f'<text x="{(x0 + x1) / 2 + 6:g}" y="{middle + 4:g}" class="type">{escape(label)}</text>'
    return f'<path d="{path}" class="edge"/>{text}'


def _draw_box(box: Box, link: str) -> str:
    op = box.op
    title = f"{op.name}: {op.kind} of layer {op.layer or '-'}, {op.type}, {op.shape}"
    body = (
        f'<g class="box kind-{escape(op.kind)}"><title>{escape(title)}</title>'
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<text x="{box.x + 10:g}" y="{box.y + 19:g}" class="kind">{escape(op.kind)}</text>'
        f'<text x="{box.x + 10:g}" y="{box.y + 36:g}">{escape(_shorten(op.layer or op.name))}</text></g>'
    )
    return f'<a href="{escape(link)}">{body}</a>' if link else body


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
