"""`python run.py COMMAND`: everything is in lsfref.app.cli."""

import sys

from lsfref.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
