"""No name of a model reaches a generated file but through ``make_identifier`` and ``make_printable``."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qhls.backends.emit import emit, generate_sources
from qhls.backends.layout import lay_out
from qhls.backends.names import RESERVED, Names, make_identifier, make_printable
from qhls.backends.target import TARGETS
from qhls.ir import Const, Fixed, Graph, Input, Max
from qhls.plan import Schedule
from support.graphs.designs import classifier

KEYWORDS = (
    "int while class template namespace operator main default register signed xor and or not asm"
)
KEYWORDS += (
    " export final module endmodule wire reg always assign begin end input output inout entity"
)
KEYWORDS += (
    " parameter signal process supply0 proc set puts exec list expr source foreach incr uplevel"
)
SHAPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)

# Text of any kind, and the corners of each rule more often than chance gives them.
names = st.one_of(
    st.text(),
    st.text("_1aZ-*/\\\"'?\n$[]{};#", max_size=12),
    st.sampled_from(sorted(RESERVED)),
    st.sampled_from(sorted(RESERVED)).map(str.upper),
    st.sampled_from(["EOF", "M_PI", "M_PIf", "NULL", "1", "_", "__init__", "int_", "a" * 500]),
)


@given(names)
@example("")
@example("9")
@example("_int_")
@example("ｉｎｔ")  # full-width letters: isalnum, but not ASCII
def test_identifier_is_one_in_every_language(name):
    found = make_identifier(name)
    assert SHAPE.fullmatch(found)
    assert found.lower() not in RESERVED
    assert "__" not in found
    assert len(found) < 100
    assert make_identifier(found) in (found, found.rstrip("_"), f"{found.rstrip('_')}_")


@pytest.mark.parametrize("word", KEYWORDS.split())
def test_keywords_are_not_identifiers(word):
    for spelt in (word, word.upper(), word.capitalize(), f" {word}", f"_{word}_"):
        assert make_identifier(spelt) == f"{spelt.strip(' _')}_"


@given(st.lists(names, max_size=30))
@example(["int", "int_", "int__2", "INT"])
@example(["a", "a", "a_2", "A-2", "a_2_2"])
@example(["EOF", "EOF", "EOF_2"])
def test_names_never_repeat_even_by_case(wanted):
    taken = Names()
    given_out = [taken.take(name) for name in wanted]
    assert len({name.lower() for name in given_out}) == len(wanted)
    assert all(SHAPE.fullmatch(name) and name.lower() not in RESERVED for name in given_out)
    assert not any("__" in name for name in given_out)


def test_names_are_kept_where_they_can_be():
    taken = Names()
    assert [taken.take(n) for n in ("conv1.kernel", "x", "q/dense-2", "conv1_kernel")] == [
        "conv1_kernel",
        "x",
        "q_dense_2",
        "conv1_kernel_2",
    ]


@given(names)
@example('"); system("touch x"); //')
@example("*/ #error")
@example("??/\n")
@example("\\")
def test_printable_cannot_leave_a_comment_or_a_string(name):
    shown = make_printable(name)
    assert shown.isascii()
    assert shown.isprintable()
    assert not set(shown) & set("\"'\\`$%?*{}#&|!@~^")  # ??/ is a backslash to C++14
    assert len(shown) <= 200
    assert len(shown) == min(len(name), 200)


def test_printable_keeps_what_names_are_made_of():
    assert make_printable("block/conv1.kernel[0] (a+b) = s8.6, <c>") == (
        "block/conv1.kernel[0] (a+b) = s8.6, <c>"
    )


WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def words(text):
    """The identifiers of C++ code; directives, comments and strings left out."""
    return set(WORDS.findall(re.sub(r'^ *#.*|"(\\.|[^"\\])*"|//.*', " ", text, flags=re.M)))


def generated_words(target, folder):
    """What bridge, test bench and headers call their own, beside what was made of the model's names."""
    graph = classifier("zztop")
    emit(graph, Schedule(), target, folder)
    view = lay_out(graph, Schedule())
    tensors = [*view.inputs, *view.outputs, *(o.out for o in view.operations)]
    ours = {view.top, *(t.name for t in tensors), *(t.name for t in view.types)}
    ours |= {c.tensor.name for c in view.constants} | {c.tensor.table for c in view.constants}
    found = set()
    for path in [
        "src/top.h",
        "src/types.h",
        "src/weights.h",
        "csim/bridge.cpp",
        "tb/zztop_test.cpp",
    ]:
        found |= words((folder / path).read_text())
    return found - ours


@pytest.mark.parametrize("target", TARGETS)
def test_what_stands_beside_a_models_names_is_reserved(target, tmp_path):
    """A model called ``inputs`` or an input called ``sample`` would else be something else's name."""
    beside = generated_words(target, tmp_path / "p")
    assert {"inputs", "sample", "compare", "qhls_run"} <= beside
    free = {word for word in beside if make_identifier(word) == word}
    assert not free, f"reserve them in names.py, or the bridge or test bench breaks: {sorted(free)}"


def test_constants_are_beside_nothing_within_functions():
    """Loop variables, parameters and the C library's names have no underscore; constants have one."""
    x = Input((3,), Fixed(True, 4, 2), name="x")
    for name in ("y", "sum", "x0", "i0", "time", "exp", "index", "k"):
        graph = Graph((x,), (Max(x, Const.of(1.0, name=name)),), "m")
        (constant,) = lay_out(graph, Schedule()).constants
        assert "_" in constant.tensor.name


def test_types_are_not_the_c_librarys():
    for name in ("time", "key", "size", "clock", "float"):
        x = Input((3,), Fixed(True, 4, 2), name=name)
        text = generate_sources(Graph((x,), (x,), "m"), Schedule(), TARGETS["vitis"])["src/types.h"]
        assert f" {name}_t;" not in text
