"""Reading of emitted C++: what a proof by vectors takes for granted about a function is looked up in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from qhls.proof.code.methods import BASIS, FOR_ELEMENTS, FOR_ORDERS

_LOOP = re.compile(r"for \(int (\w+) = 0; \1 < [\w ]+; (?:\+\+\1|\1 \+= \d+)\)")
_DECLARED = re.compile(r"^(?:const )?[\w:]+(?:<[^=]*>)? (\w+)(?:\[\w+\])?(?: = (.*))?$", re.S)
_ASSIGNED = re.compile(r"^(\w+)(?:\[(.*?)\])? (\+?=) (.*)$", re.S)
_COUNTED = re.compile(r"^\+\+(\w+)$")
_IGNORED = re.compile(
    r"//[^\n]*|^\s*#[^\n]*|static_assert\(.*?\);|QHLS_TAP_ELEMENT\([^\n]*\)", re.S | re.M
)
_NAME = re.compile(r"[A-Za-z_]\w*(?:::\w+)*")
_TYPE = re.compile(r"([\w:]+)<[\w, :]*>(?=\()")
_SUMS = re.compile(r"<< \d+|[A-Za-z_][\w:]*|[\d.]+(?:e-?\d+)?|[-+*() ]")


@dataclass
class _Block:
    """A loop or block: its counter, or "" for a block, and the variables that are declared in it."""

    counter: str = ""
    condition: str = ""
    declared: set[str] = field(default_factory=set[str])


@dataclass(frozen=True)
class _Statement:
    """An assignment to ``target`` at ``index``, within ``blocks``, the outermost first; ``home``: where it is declared.

    ``home`` is the number of blocks around the declaration of the target, or 0 for a parameter.
    """

    target: str
    index: str
    value: str
    conditions: tuple[str, ...]
    counters: tuple[str, ...]
    home: int


class _Function:
    """A C++ function of a design: its statements, counters and variables. ``faults``: what could not be read."""

    def __init__(self, parameters: str, body: str) -> None:
        self.parameters = set(re.findall(r"(\w+)\[", parameters))
        self.counters = set(re.findall(r"int (\w+)", parameters))
        self.local: set[str] = set(self.parameters)
        self.faults: list[str] = []
        if "QHLS_BUFFER" in body or re.search(r"\bstatic\b(?!_)", body):
            self.faults.append("it keeps state between calls")
        text = _LOOP.sub(r"@\1 ", _IGNORED.sub("", body))
        self.statements = list(self._read(text))

    def _read(self, text: str) -> Iterator[_Statement]:
        blocks: list[_Block] = [_Block()]
        for part in re.findall(r"[^;{}]*[;{}]", text):
            content, end = " ".join(part[:-1].split()), part[-1]
            content = re.sub(r"^\w+: (?=@)", "", content)
            if end == "{":
                blocks.append(self._open(content))
            elif end == "}" and not content:
                blocks.pop()
            elif content:
                yield from self._read_statement(content, blocks)

    def _open(self, head: str) -> _Block:
        if head.startswith("@"):
            self.counters.add(head[1:])
            return _Block(head[1:])
        condition = re.match(r"^if \((.*)\)$", head)
        if condition:
            return _Block(condition=condition[1])
        if head not in ("", "else"):
            self.faults.append(f"{head!r} is no loop that counts")
        return _Block()

    def _read_statement(self, text: str, blocks: Sequence[_Block]) -> Iterator[_Statement]:
        conditions = [block.condition for block in blocks if block.condition]
        while text.startswith("if ("):
            end = _find_end(text, 3)
            conditions.append(text[4:end])
            text = text[end + 1 :].strip()
        counted, declared, assigned = (
            rule.match(text) for rule in (_COUNTED, _DECLARED, _ASSIGNED)
        )
        if counted:
            target, index, value = counted[1], "", f"{counted[1]} + 1"
        elif assigned:
            target, index, value = assigned[1], assigned[2] or "", assigned[4]
            value = f"{target}[{index}] + {value}" if assigned[3] == "+=" and index else value
        elif declared:
            blocks[-1].declared.add(declared[1])
            self.local.add(declared[1])
            target, index, value = declared[1], "", declared[2] or ""
            if text.startswith("const int ") and self.is_of_counters(value):
                self.counters.add(target)
        else:
            self.faults.append(f"{text!r} is no assignment")
            return
        homes = [place for place, block in enumerate(blocks) if target in block.declared]
        counters = tuple(block.counter for block in blocks)
        yield _Statement(
            target, index, value, tuple(conditions), counters, homes[-1] if homes else 0
        )

    def is_of_counters(self, expression: str) -> bool:
        """Return whether an expression reads nothing but counters and numbers."""
        return set(_NAME.findall(expression)) <= self.counters | {"true"}

    @property
    def first_part(self) -> list[_Statement]:
        """Return the statements of the first op: those before a result that a tap records, and its own."""
        return [s for s in self.statements if s not in self.rest]

    @property
    def rest(self) -> list[_Statement]:
        """Return the statements of the ops that follow the first one."""
        taken = [place for place, s in enumerate(self.statements) if s.target == "r0"]
        return self.statements[taken[0] + 1 :] if taken else []


class Text:
    """The C++ file of a design, whose functions ``find_fault`` examines."""

    def __init__(self, source: str) -> None:
        self._functions: dict[str, _Function] = {}
        self._bodies: dict[str, str] = {}
        for match in re.finditer(r"^(?:static )?void (?:CCS_BLOCK\()?(\w+)\)?\(", source, re.M):
            end = _find_end(source, match.end() - 1)
            start = source.index("{", end)
            body = source[start + 1 : _find_end(source, start)]
            self._bodies[match[1]] = body
            self._functions[match[1]] = _Function(source[match.end() : end], body)

    def find_fault(self, function: str, method: str, *, given: bool) -> str:
        """Return why a ``method`` proves nothing about a function, or "" if its text has what the method needs.

        ``given``: whether the result of the first op was given, so that only the ops that follow are concerned.
        """
        read = self._functions.get(function)
        if read is None:
            return f"the text of {function} is missing"
        faults = [*read.faults, *_check_indices(read)]
        if method in FOR_ELEMENTS:
            faults += _check_trips(read, read.rest if given else read.statements)
        elif method == BASIS:
            faults += [*_check_sums(read), *_check_trips(read, read.rest)]
        elif method in FOR_ORDERS:
            faults += _check_orders(read)
        return faults[0] if faults else ""

    def list_calls(self, function: str) -> list[tuple[str, tuple[str, ...]]]:
        """Return the calls of other functions in the text of a function: names and arguments, in order."""
        calls = re.findall(r"^\s*([a-z]\w*)\(([^()]*)\);", self._bodies.get(function, ""), re.M)
        return [(name, tuple(re.split(r",\s*", given))) for name, given in calls]


def _find_end(text: str, start: int) -> int:
    """Return the place of the bracket that closes the one at ``start``."""
    pairs = {"(": ")", "{": "}"}
    opened, closed = text[start], pairs[text[start]]
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] == opened) - (text[place] == closed)
        if not depth:
            return place
    return len(text)


def _list_indices(expression: str) -> Iterator[tuple[str, str]]:
    """Yield each array of an expression with its index."""
    for match in re.finditer(r"(\w+)\[", expression):
        depth, place = 1, match.end()
        while depth and place < len(expression):
            depth += {"[": 1, "]": -1}.get(expression[place], 0)
            place += 1
        yield match[1], expression[match.end() : place - 1]


def _check_indices(function: _Function) -> Iterator[str]:
    """Yield a fault for each index of a parameter that depends on data."""
    for statement in function.statements:
        pairs = [(statement.target, statement.index), *_list_indices(statement.value)]
        for array, index in pairs:
            if array in function.parameters and not function.is_of_counters(index):
                yield f"the index {array}[{index}] depends on data"


def _check_trips(function: _Function, statements: Sequence[_Statement]) -> Iterator[str]:
    """Yield a fault for each variable that passes data from the computation of one element to another's."""
    results = [s for s in function.statements if s.target == "y"]
    for statement in statements:
        for result in results:
            used = set(_NAME.findall(result.index))
            around = [place for place, name in enumerate(result.counters) if name in used]
            outer = max(around, default=0)
            if statement.target != "y" and statement.home < outer:
                yield f"{statement.target} passes from one element to the next"


def _check_sums(function: _Function) -> Iterator[str]:
    """Yield a fault for each statement of the first op that is no sum of products with constants."""
    for statement in function.first_part:
        for condition in statement.conditions:
            if not function.is_of_counters(condition):
                yield f"the condition {condition} depends on data"
        value = _drop_indices(statement.value)
        if _SUMS.sub("", _TYPE.sub(r"\1", value)):
            yield f"{statement.value!r} is no sum"
        for product in re.split(r" \+ | - ", value):
            factors = product.split(" * ")
            data = [f for f in factors if set(_NAME.findall(f)) & function.local]
            if len(data) > 1:
                yield f"{product!r} is no product with a constant"


def _check_orders(function: _Function) -> Iterator[str]:
    """Yield a fault for each statement that does more than compare and copy elements."""
    for statement in function.first_part:
        for condition in statement.conditions:
            compared = re.fullmatch(r"(\w+) [<>] (\w+)", condition)
            if not (compared or function.is_of_counters(condition)):
                yield f"the condition {condition} is no comparison of two elements"
        value = _drop_indices(statement.value)
        if not re.fullmatch(r"\w*", value):
            yield f"{statement.value!r} is no copy"


def _drop_indices(expression: str) -> str:
    """Return an expression without the indices of its arrays."""
    for _, index in sorted(_list_indices(expression), key=lambda pair: -len(pair[1])):
        expression = expression.replace(f"[{index}]", "")
    return expression
