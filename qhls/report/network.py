"""The picture of a network as SVG: boxes in rows from the inputs down, such as the operations of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

import networkx as nx

from qhls.ir import Const, Graph, Op

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 190, 46, 26, 44, 16
_PASSES = 4
"""Number of sweeps that order the boxes of each row by the places of their neighbours."""
_LONGEST_LABEL = 24


@dataclass(frozen=True)
class BoxText:
    """The texts of one box: a heading, a label below it, a tooltip, the kind of operation, and a link."""

    heading: str
    label: str
    title: str
    kind: str
    link: str = ""


@dataclass(frozen=True)
class Box:
    """The box of one node, with the place of its upper left corner in pixels."""

    name: str
    x: float
    y: float

    @property
    def top(self) -> tuple[float, float]:
        """Return the coordinates of the middle of the upper side."""
        return self.x + BOX_WIDTH / 2, self.y

    @property
    def bottom(self) -> tuple[float, float]:
        """Return the coordinates of the middle of the lower side."""
        return self.x + BOX_WIDTH / 2, self.y + BOX_HEIGHT


@dataclass(frozen=True)
class Network:
    """Boxes and edges, and the size of the picture in pixels."""

    boxes: Mapping[str, Box]
    edges: tuple[tuple[Box, Box], ...]
    width: float
    height: float


def lay_out_network(nodes: Iterable[str], edges: Iterable[tuple[str, str]]) -> Network:
    """Place the nodes in rows, each node below all nodes that it reads, such that edges are short."""
    flow: nx.DiGraph[str] = nx.DiGraph()
    flow.add_nodes_from(nodes)
    flow.add_edges_from(edges)
    rows = [list(row) for row in nx.topological_generations(flow)]
    _order(flow, rows)
    widest = max(map(len, rows), default=1)
    width = MARGIN * 2 + widest * (BOX_WIDTH + GAP_X) - GAP_X
    boxes: dict[str, Box] = {}
    for depth, row in enumerate(rows):
        left = (width - len(row) * (BOX_WIDTH + GAP_X) + GAP_X) / 2
        for i, name in enumerate(row):
            y = MARGIN + depth * (BOX_HEIGHT + GAP_Y)
            boxes[name] = Box(name, left + i * (BOX_WIDTH + GAP_X), y)
    drawn = tuple((boxes[a], boxes[b]) for a, b in flow.edges)
    height = MARGIN * 2 + len(rows) * (BOX_HEIGHT + GAP_Y) - GAP_Y
    return Network(boxes, drawn, width, height)


def _order(flow: nx.DiGraph[str], rows: list[list[str]]) -> None:
    """Sort each row by the mean place of each node's neighbours in the rows before, downwards and upwards in turns."""
    for turn in range(_PASSES):
        down = turn % 2 == 0
        place: dict[str, float] = {}
        for row in rows if down else reversed(rows):
            near = {k: list(flow.predecessors(k) if down else flow.successors(k)) for k in row}
            middle = {
                name: sum(place[n] for n in known) / len(known) if known else float(i)
                for i, name in enumerate(row)
                for known in [[n for n in near[name] if n in place]]
            }
            row.sort(key=middle.__getitem__)
            place |= {name: i - (len(row) - 1) / 2 for i, name in enumerate(row)}


def draw_operations(graph: Graph, links: Mapping[Op, str]) -> str:
    """Return an SVG picture of the operations of ``graph``; ``links``: the link of each, such as ``#layer-1``."""
    operations = [op for op in graph.ops if not isinstance(op, Const)]
    nodes = {op.name: describe_operation(op, links.get(op, "")) for op in operations}
    edges = {
        (operand.name, op.name): f"{operand.type} · {'x'.join(map(str, operand.shape)) or '1'}"
        for op in operations
        for operand in op.operands
        if operand.name in nodes
    }
    return draw_boxes(nodes, edges, f"Network of {graph.name}: {len(nodes)} operations")


def describe_operation(op: Op, link: str) -> BoxText:
    """Return the texts of the box of an operation: its kind above the name of its Keras layer."""
    title = f"{op.name}: {op.kind} of layer {op.layer or '-'}, {op.type}, {op.shape}"
    return BoxText(op.kind, op.layer or op.name, title, op.kind, link)


def draw_boxes(
    nodes: Mapping[str, BoxText], edges: Mapping[tuple[str, str], str], name: str
) -> str:
    """Return an SVG picture of ``nodes`` and labelled ``edges``; ``name`` describes it to a screen reader."""
    network = lay_out_network(nodes, edges)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {network.width:g} {network.height:g}" role="img" '
        f'aria-label="{escape(name)}" class="network">'
    ]
    lines += [_draw_edge(a, b, edges[a.name, b.name]) for a, b in network.edges]
    lines += [_draw_box(box, nodes[name]) for name, box in network.boxes.items()]
    return "\n".join([*lines, "</svg>"])


def _draw_edge(start: Box, end: Box, label: str) -> str:
    (x0, y0), (x1, y1) = start.bottom, end.top
    middle = (y0 + y1) / 2
    path = f"M{x0:g} {y0:g}C{x0:g} {middle:g} {x1:g} {middle:g} {x1:g} {y1:g}"
    text = f'<text x="{(x0 + x1) / 2 + 6:g}" y="{middle + 4:g}" class="type">{escape(label)}</text>'
    return f'<path d="{path}" class="edge"/>{text}'


def _draw_box(box: Box, node: BoxText) -> str:
    body = (
        f'<g class="box kind-{escape(node.kind)}"><title>{escape(node.title)}</title>'
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<text x="{box.x + 10:g}" y="{box.y + 19:g}" class="kind">{escape(_shorten(node.heading))}</text>'
        f'<text x="{box.x + 10:g}" y="{box.y + 36:g}">{escape(_shorten(node.label))}</text></g>'
    )
    return f'<a href="{escape(node.link)}">{body}</a>' if node.link else body


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"
