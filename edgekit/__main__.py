"""`python -m edgekit` is the command line."""

import os
import sys

# `-m` puts the current folder first, where a stranger's json.py may lie. It stays if it holds this
# package, as a checkout does.
if not os.path.exists("edgekit"):  # noqa: PTH110  (pathlib would be looked for there)
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())]  # noqa: PTH109

from edgekit.cli import main

main()
