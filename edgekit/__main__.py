"""`python -m edgekit` is the command line."""

import os
import sys

# `-m` puts the current folder first, where a stranger's json.py may lie. It stays if it holds this
# package, as a checkout does. (pathlib would be looked for there.)
if not (sys.flags.safe_path or os.path.exists("edgekit")):  # noqa: PTH110
    del sys.path[0]

from edgekit.cli import main

main()
