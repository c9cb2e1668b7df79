"""What reaches a terminal: no control characters, no endless messages."""

import pickle
import unicodedata

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qhls
from qhls import layers, utils
from qhls.cli import main
from qhls.compare import compare
from qhls.compat.qtools.report import build_energy_table
from qhls.errors import CsimError, QhlsError
from qhls.qtools import QTools
from qhls.quantizers import get_quantizer
from qhls.system.tables import render_text
from qhls.system.text import escape_controls, escape_line, find_free_name, shorten


@given(st.text(st.characters()))
def test_nothing_that_a_terminal_obeys_is_left(text):
    for found in (escape_controls(text), escape_line(text)):
        assert all(
            unicodedata.category(c)[0] != "C"
            or c == "\n"
            or unicodedata.category(c) in ("Co", "Cn")
            for c in found
        )
    assert "\n" not in escape_line(text)
    assert escape_controls(escape_controls(text)) == escape_controls(text)


def test_a_taken_name_gets_the_first_free_number():
    taken = {"x", "x_2", "a{}"}
    assert find_free_name("y", taken.__contains__) == "y"
    assert find_free_name("x", taken.__contains__) == "x_3"
    assert find_free_name("a{}", taken.__contains__, "{} ({})") == "a{} (2)"
    assert find_free_name("x", taken.__contains__, first=7) == "x_7"


def test_letters_of_all_scripts_stay():
    text = "größe 層 ✓ a\nb"
    assert escape_controls(text) == text
    assert (
        escape_line("\x1b[31m\u202e\u2028\t\r\n\x07\ud800")
        == r"\x1b[31m\u202e\u2028\t\r\n\x07\ud800"
    )


@given(st.text(), st.integers(200, 400))
def test_a_cut_text_keeps_both_its_ends(text, longest):
    text = text * 20
    found = shorten(text, longest)
    assert len(found) <= longest
    if len(text) > longest:
        assert len(found) > longest - 40
        begin, count, end = found[: longest // 3], found, found[-(longest // 3) :]
        assert text.startswith(begin)
        assert text.endswith(end)
        assert "characters left out) ... " in count
    else:
        assert found == text


def test_messages_are_short_and_clean():
    error = QhlsError("a\x1b[31m" + "b" * 2_000_000 + "do this")
    assert len(str(error)) <= 1500
    assert str(error).startswith(r"a\x1b[31mbbb")
    assert str(error).endswith("do this")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert 9_900 < len(str(CsimError("x" * 20_000))) <= 10_000
    with pytest.raises(QhlsError) as caught:
        get_quantizer("a" * 1_000_000)
    assert len(str(caught.value)) <= 1500


EVIL = "\x1b[31mred\x1b]0;title\x07\r\u202e"


@pytest.fixture(scope="module")
def model():
    """A model in whose every name are escape sequences."""
    bits = {
        "kernel_quantizer": "quantized_bits(4,0,alpha=1)",
        "bias_quantizer": "quantized_bits(4,0,alpha=1)",
    }
    inputs = keras.Input((4,), name=f"in{EVIL}")
    x = layers.QDense(3, **bits, name=f"a{EVIL}")(inputs)
    x = layers.QActivation("quantized_relu(4)", name=f"b{EVIL}")(x)
    x = layers.QDense(3, **bits, name=f"c{EVIL}")(x)
    return keras.Model(inputs, keras.layers.Softmax(name=f"d{EVIL}")(x), name=f"model{EVIL}")


def clean(text):
    """No control characters, and the names are there."""
    assert not {c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"}
    assert "red" in text


def test_names_of_a_file_reach_no_terminal(model):
    design = qhls.compile(model, "s4.2")
    clean(design.show())
    clean(str(design.exactness()))
    clean(str(design.check(design_data(design), targets=())))
    clean(str(design.energy()))
    clean(str(design.area()))
    clean(str(design.latency()))
    found = compare([design], names=[f"x{EVIL}"], area="xilinx_lut6", sensitivity=True)
    clean(str(found))
    for table in (
        found.tabulate_costs(),
        found.tabulate_operations(),
        *map(found.tabulate_savings, found.savings),
    ):
        clean(render_text(table))
    tools = QTools(model, source_quantizers="quantized_bits(4,1)")
    clean(render_text(build_energy_table(tools, tools.pe())))
    with pytest.raises(QhlsError) as caught:
        qhls.compile(model)
    clean(str(caught.value))


def design_data(design):
    codes = design.random_codes(8)
    return codes[0] / 4


def test_names_in_what_utilities_print(model, capsys):
    utils.print_qstats(model)
    clean(capsys.readouterr().out)


@pytest.mark.parametrize("command", ["show", "energy", "qtools"])
def test_names_in_what_commands_print(model, tmp_path, command, capsys):
    path = tmp_path / "model.keras"
    model.save(path)
    assert main([command, str(path), *([] if command == "qtools" else ["-i", "s4.2"])]) == 0
    clean(capsys.readouterr().out)
