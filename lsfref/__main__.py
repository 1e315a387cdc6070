"""`python -m lsfref COMMAND`: everything is in lsfref.app.cli.

With -m Python looks for modules in the current folder first: a json.py beside the videos would be
run. So that folder comes off the path before anything is imported; what -m itself imports before
that, such as contextlib, only `python -P -m lsfref` guards. A worker process, whose path is the
parent's, runs this file by its path, and finds the package in the folder above, once.
"""

import os
import sys

_home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__":
    try:
        _current = os.getcwd()
    except OSError:  # it is gone, and not on the path
        _current = ""
    sys.path[:] = [folder for folder in sys.path if folder not in ("", _current)]
    __spec__ = None  # else multiprocessing takes the file for one that workers need not run
elif __name__ == "__mp_main__":
    sys.path.insert(0, _home)
    import lsfref  # noqa: F401

    sys.path.remove(_home)

from lsfref.app.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(program="python -m lsfref"))
