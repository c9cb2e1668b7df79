"""Help, completion and what the shell sees of the command line."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys

import pytest

from qhls.cli import main
from qhls.cli.parser import EXAMPLES, GROUPS, build_parser
from qhls.cli.schedule import read_schedule
from qhls.plan import Schedule

QHLS = [sys.executable, "-m", "qhls.cli"]


def test_every_command_has_a_group_and_an_example(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    grouped = [name for names in GROUPS.values() for name in names]
    (commands,) = (a for a in build_parser()._actions if a.dest == "command")
    assert sorted(grouped) == sorted(commands.choices) == sorted(EXAMPLES)
    for group in GROUPS:
        assert f"\n{group}:\n" in out
    for name, example in EXAMPLES.items():
        words = shlex.split(example)[1:]
        if name == "report":
            words.insert(1, "design")  # as ``main`` does
        options = build_parser().parse_args([*words, "--json", "results.json"])
        assert (options.command, options.json.name) == (name, "results.json")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completions_of_a_shell(shell):
    call = [*QHLS, "--print-completion", shell]
    script = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert "--input-type" in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_bash_completes_a_command_and_an_option():
    call = [*QHLS, "--print-completion", "bash"]
    script = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    lines = (
        "COMP_WORDS=(qhls {}); COMP_CWORD={}; COMP_LINE='qhls {}'; COMP_POINT=${{#COMP_LINE}}; "
        '_shtab_qhls qhls; echo "${{COMPREPLY[@]}}"'
    )
    for words, expected in {"comp": "compile", "compile --reu": "--reuse-factor"}.items():
        line = lines.format(words, len(words.split()), words)
        run = subprocess.run(
            ["bash", "-c", f"{script}\n{line}"], capture_output=True, text=True, check=False
        )
        assert run.stdout.split() == [expected], run.stderr


def test_a_closed_reader_is_no_error():
    call = f"{shlex.join(QHLS)} --print-completion bash | head -1; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", call], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    assert run.stdout.splitlines()[-1] in ("0", "141")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], Schedule(clock_period=3.0, io="stream")),
        (["--clock-period", "5", "--io", "array"], Schedule()),
        (["--reuse-factor", "4"], Schedule(clock_period=3.0, io="stream", reuse_factor=4)),
    ],
)
def test_options_override_a_configuration_also_with_a_default_value(words, expected):
    options = build_parser().parse_args(["plan", "model.keras", *words])
    assert read_schedule(options, {"clock_period": 3.0, "io": "stream"}) == expected
