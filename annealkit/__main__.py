"""`python -m annealkit`."""

import sys

from annealkit.command_line.main import main

if __name__ == "__main__":
    sys.exit(main())
