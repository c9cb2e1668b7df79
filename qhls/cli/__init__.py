"""Command line: ``qhls COMMAND ...``; ``qhls.cli.parser.GROUPS`` lists the commands."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from functools import partial

from rich.console import Console

from qhls.cli.parser import build_parser
from qhls.errors import QhlsError
from qhls.saved import is_saved
from qhls.system.progress import show_progress
from qhls.system.quiet import import_keras

EXIT_ERROR, EXIT_FAULT, EXIT_INTERRUPTED = 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status, which ``qhls.cli.arguments.STATUSES`` explains. Errors go to stderr."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["report"] and words[1:2] not in (["read"], ["design"], ["-h"], ["--help"], []):
        words.insert(1, "design")  # ``qhls report MODEL`` is short for ``qhls report design MODEL``
    try:
        options = build_parser().parse_args(words or ["--help"])
        return _run(options)
    except BrokenPipeError:  # the reader of the output, such as head, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status; errors are written to stderr as one message."""
    say = partial(print, f"qhls {options.command}:", file=sys.stderr)
    try:
        if _needs_keras(options):
            import_keras()
        if options.command == "search":  # it shows its own progress
            return options.run(options)
        with show_progress(Console(stderr=True)):
            return options.run(options)
    except QhlsError as error:
        say(error)
        return EXIT_ERROR
    except KeyboardInterrupt:
        say("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception:
        traceback.print_exc()
        say("expected no internal error, got the one above. Report it as a fault of qhls.")
        return EXIT_FAULT


def _needs_keras(options: argparse.Namespace) -> bool:
    """Return whether the command needs Keras, unlike ``report read`` and commands on saved designs."""
    if options.command == "report" and options.action == "read":
        return False
    if options.command == "build":
        return True
    return options.command in ("search", "qtools") or not all(map(is_saved, options.model))
