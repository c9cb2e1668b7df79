"""``python -m qhls.cli`` is ``qhls``."""

import sys

from qhls.cli import main

if __name__ == "__main__":
    sys.exit(main())
