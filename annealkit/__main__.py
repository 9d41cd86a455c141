"""`python -m annealkit`."""

import sys

from annealkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
