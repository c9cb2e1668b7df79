"""The command line on a real terminal: narrow, without colours, with progress, and interrupted."""

from __future__ import annotations

import os
import re
import shlex
import signal
import struct
import subprocess
import sys

import pytest

import qhls
from qhls.ir.graph import HEADER
from support.graphs.designs import classifier

pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")

QHLS = [sys.executable, "-m", "qhls.cli"]
ESCAPE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
COLOUR = re.compile(r"\x1b\[(3[0-8]|4[0-8]|9[0-7]|10[0-7])")
BEFORE = r"(?s).*\r"
"""Earlier states of the progress line, which a carriage return or an erased line ends."""


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    """Return the file of a saved design, which needs no Keras."""
    return qhls.Design(classifier(), qhls.Schedule()).save(tmp_path_factory.mktemp("d") / "c.qhls")


def take_terminal():
    """Make stdin the terminal of this process' session, and Ctrl-C end what a shell's background would ignore."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run_on_terminal(words, columns, until=None, program=QHLS):
    """Run a program on a terminal; press Ctrl-C once it shows ``until``. Return its status and what it showed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "CI")}
    process = subprocess.Popen(
        [*program, *map(str, words)],
        **dict.fromkeys(("stdin", "stdout", "stderr"), theirs),
        env=environment | {"NO_COLOR": "1", "TERM": "xterm"},
        # Of a session of its own, whose terminal this is: Ctrl-C reaches the command and its children.
        start_new_session=True,
        preexec_fn=take_terminal,  # noqa: PLW1509 -- no threads run here
    )
    os.close(theirs)
    shown, pressed = b"", False
    try:
        while more := os.read(ours, 1 << 16):
            shown += more
            if until and not pressed and until in shown:
                os.write(ours, b"\x03")
                pressed = True
    except OSError:  # the terminal of a process that has ended
        pass
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


@pytest.mark.parametrize(
    ("command", "rows"),
    [
        ("plan", ("fc.add\n", "  interval: 1\n")),
        ("energy", ("fc\n", "  multiply: ")),
        ("show", ("fc.add\n", f"  {HEADER[2]}: ")),
    ],
)
def test_a_narrow_terminal_gets_records(design, command, rows):
    status, shown = run_on_terminal([command, design], 58)
    assert status == 0
    assert not COLOUR.search(shown)
    assert "\x1b[?25l" in shown, "no progress"
    text = ESCAPE.sub("", shown.replace("\x1b[2K", "\r")).replace("\r\n", "\n")
    lines = [re.sub(BEFORE, "", line) for line in text.split("\n")]
    assert max(map(len, lines)) <= 58
    for row in rows:
        assert row in "\n".join(lines)


def test_a_wide_terminal_gets_a_table(design):
    status, shown = run_on_terminal(["energy", design], 100)
    assert status == 0
    assert "│ conv1 │" in ESCAPE.sub("", shown)


@pytest.mark.parametrize("command", ["show", "plan", "energy"])
def test_results_go_into_a_pipe_though_progress_is_on_a_terminal(design, command, tmp_path):
    call = shlex.join([*QHLS, command, str(design)])
    status, shown = run_on_terminal(["-c", f"{call} | cat > {tmp_path}/out"], 100, program=["sh"])
    assert status == 0
    assert "\x1b[?25l" in shown, "no progress"
    assert "fc" in (tmp_path / "out").read_text()
    assert "fc" not in shown


@pytest.mark.parametrize(
    ("words", "until"),
    [
        (["prove"], b"prove conv1"),
        (["synth"], b"synthesize for xc7"),
        (["check", "-t", "vitis", "--rtl"], b"build the simulation of the Verilog"),
        (["report", "--check", "-o", "page.html"], b"build the C simulation"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_an_interrupt_ends_all_work(design, words, until, tmp_path, monkeypatch):
    if words[0] in ("prove", "synth"):
        pytest.importorskip("pyosys", reason="the extra 'prove' is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # nothing is ready
    command, *options = words
    status, shown = run_on_terminal([command, design, *options], 100, until)
    assert status == 130
    assert shown.rstrip().splitlines()[-1].endswith(f"qhls {command}: interrupted")
    assert not (tmp_path / "page.html").exists()
