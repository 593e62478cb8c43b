"""``ml-connector``: the command line for whoever runs the product."""

import sys

from connector.cli.exit_codes import ExitCode

try:
    from connector.cli.main import main
except KeyboardInterrupt:
    # Loading the libraries takes a second or two, in which nothing has begun yet; main() says the same later.
    sys.stderr.write("Interrupted.\n")
    sys.exit(ExitCode.INTERRUPTED)

__all__ = ["main"]
