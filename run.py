"""`python run.py COMMAND`: everything is in lsfref.app.cli."""

import os
import sys

if sys.version_info < (3, 10):  # noqa: UP036
    sys.exit("run.py: Python 3.10 or later is needed; this is {}.{}".format(*sys.version_info))

# The folder of this file is looked at once, for the package; after that nothing is imported from
# there, and in a worker process, whose path is the parent's, neither.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _here)
import lsfref  # noqa: E402, F401

sys.path[:] = [folder for folder in sys.path if folder not in ("", _here)]

from lsfref.app.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(program="run.py"))
