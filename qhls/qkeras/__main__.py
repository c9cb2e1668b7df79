"""A command that runs a script in which ``import qkeras`` imports qhls: ``python -m qhls.qkeras script.py ...``."""

import runpy
import sys
from pathlib import Path

from qhls.qkeras import install

_USAGE = "usage: python -m qhls.qkeras (script.py | -m module) [arguments]"


def main(arguments: list[str]) -> int:
    """Run the script or module that ``arguments`` name as the main program; return the exit code, 2 for wrong usage."""
    as_module = arguments[:1] == ["-m"]
    target = arguments[int(as_module) :]
    if not target or target[0] in ("-h", "--help"):
        print(_USAGE, file=sys.stdout if target else sys.stderr)
        return 0 if target else 2
    if not as_module and not Path(target[0]).is_file():
        print(
            f"qhls.qkeras: expected a Python script, got {target[0]!r}, which is no file. "
            f"Check the path.\n{_USAGE}",
            file=sys.stderr,
        )
        return 2
    install()
    sys.argv = target
    if as_module:
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(target[0], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(target[0]).resolve().parent))
        runpy.run_path(target[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
