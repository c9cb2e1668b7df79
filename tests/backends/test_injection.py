"""A model file may call its layers anything: the names change no file, run nothing, and the design still works."""

import json
import re

import pytest

from qhls.backends.emit import emit
from qhls.backends.names import make_printable
from qhls.backends.target import TARGETS
from qhls.ir import Add, Const, Fixed, Graph, Input, Matmul, Max, Quantize
from qhls.plan import Schedule
from support.emitted import Bench
from support.graphs.designs import classifier, dense

BAIT = [
    'x"); system("touch {pwned}"); //',
    "*/ #error stop /*",
    "[exec touch {pwned}]",
    "$(shell touch {pwned})",
    "`touch {pwned}`",
    "; touch {pwned} ;",
    'line\n#include "/etc/passwd"\n#error stop',
    "crlf\r\nall: ; touch {pwned}",
    "trailing backslash \\",
    "trigraph ??/",
    "%s%s%n",
    "{{ 7 * 7 }}{% raw %}",
    "größe αβγ 層 \u202e \u2028",
    "../../../etc/cron.d/x",
    "nul \x00 byte",
    "a" * 500,
    "   ",
    "",
    "__reserved__",
    "123",
]
WORDS = "int while module template operator wire always proc main std EOF NULL stdout assert M_PI"
WORDS += " inputs outputs taps sample samples i value compare read top qhls Tensor record time_t size key div_t"
WORDS += " x0 y sum i0 best tap r c n k j result result_2 types weights string math ap_fixed ac_int INT Int"


def names(pwned):
    return [*(name.replace("{pwned}", str(pwned)) for name in BAIT), *WORDS.split()]


def graph_of_names(wanted):
    """Every name as an input, a constant, an op that is an output, and a Keras layer."""
    inputs, outputs = [], []
    for name in wanted:
        x = Input((2,), Fixed(True, 4, 2), name=name, layer=name)
        w = Const.of([[1.0, -0.5], [0.25, 1.5]], name=name)
        y = Matmul(x, w, name=name, layer=name)
        z = Max(y, Const.of(0.25, name=name), name=name, layer=name)
        total = Add(z, Const.of([1.0, 2.0], name=f"{name}_t"), name=f"{name}_codes", layer=name)
        inputs.append(x)
        outputs.append(Quantize(total, Fixed(False, 3, 1), name=f"compute {name}", layer=name))
    return Graph(tuple(inputs), tuple(outputs), wanted[0])


@pytest.mark.parametrize("target", TARGETS)
def test_hostile_names_everywhere(target, tmp_path):
    pwned = tmp_path / "pwned"
    wanted = names(pwned)
    bench = Bench(target, tmp_path / "p", graph_of_names(wanted))
    status, output = bench.make("CXXFLAGS=-O0")
    assert status == 0, output
    assert "\nPASS: " in output
    assert not pwned.exists()
    hostile = [name for name in wanted if make_printable(name, 1000) != name]
    assert len(hostile) >= 12
    for path in bench.folder.rglob("*"):
        if path.is_file() and path.name != "testbench":
            text = path.read_text("ascii")
            assert not [name for name in hostile if name in text], path
            if path.name in ("build.tcl", "Makefile"):  # these know the model's identifier alone
                assert "touch" not in text.replace(bench.project.top, "")
            assert not re.search(r"^\s*#\s*(error|include \"/)", text, re.M)


@pytest.mark.parametrize("name", names("/tmp/qhls-pwned"))
def test_hostile_model_names_make_one_identifier(name, tmp_path):
    for target in TARGETS:
        folder = tmp_path / target
        top = emit(dense(name), Schedule(), target, folder).top
        assert re.fullmatch(r"[A-Za-z]\w*", top, re.ASCII)
        assert json.loads((folder / "qhls.json").read_text())["top"] == top
        assert {str(path.relative_to(folder)) for path in folder.rglob("*.*")} == {
            *("README.md", "build.tcl", "graph.txt", "qhls.json", "csim/bridge.cpp"),
            *("src/qhls.h", "src/top.h", "src/types.h", "src/weights.h", f"src/{top}.cpp"),
            *(f"tb_data/{data}.dat" for data in ("input_0", "output_0", "tap_0", "tap_1")),
            f"tb/{top}_test.cpp",
        }
        assert "touch" not in (folder / "build.tcl").read_text().replace(top, "")


@pytest.mark.parametrize("name", ["types", "string", "EOF", "inputs", "compare"])
def test_model_names_that_meet_c_headers_or_our_own_words_compile(name, tmp_path):
    status, output = Bench("catapult", tmp_path / "p", dense(name)).make("CXXFLAGS=-O0")
    assert status == 0, output


def test_mismatch_names_a_hostile_layer_harmlessly(tmp_path):
    bench = Bench("catapult", tmp_path / "p", dense(layer='fc"%s\n$(x)'))
    assert bench.make("CXXFLAGS=-O0")[0] == 0
    path = bench.folder / "tb_data" / "tap_0.dat"
    path.write_text(re.sub(r"-?\d+", "5000", path.read_text(), count=1))
    status, output = bench.run(bench.folder / "tb_data")
    assert status == 1
    shown = "MISMATCH: vector 0, op fc__s__(x).matmul, Keras layer fc__s__(x), element 0: "
    assert output.startswith(shown)


def test_graph_text_keeps_one_op_a_line(tmp_path):
    emit(classifier("a\nb"), Schedule(), "vitis", tmp_path / "p")
    emit(dense(layer="evil\nforged  u1.0"), Schedule(), "vitis", tmp_path / "q")
    assert len((tmp_path / "q" / "graph.txt").read_text().splitlines()) == 7
    assert (tmp_path / "p" / "graph.txt").read_text().startswith("graph a_b\n")
