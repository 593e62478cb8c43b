"""``python -m tests.acceptance.faults``: the fault matrix, see :mod:`tests.acceptance.faults.matrix`."""

import sys

from tests.acceptance.faults.matrix import main

if __name__ == "__main__":
    sys.exit(main())
