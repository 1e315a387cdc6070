"""`python run.py COMMAND`: everything is in lsfref.app.cli."""

import os
import sys

# The folder of this file is looked at once, for the package; after that nothing is imported from
# there, and in a worker process, whose path is the parent's, neither.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _here)
import lsfref  # noqa: E402, F401

sys.path[:] = [folder for folder in sys.path if folder not in ("", _here)]

from lsfref.app.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
