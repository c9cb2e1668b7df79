"""Entry point of ``python -m qhls.cli``, which does the same as ``qhls``."""

import sys

from qhls.cli import main

if __name__ == "__main__":
    sys.exit(main())
