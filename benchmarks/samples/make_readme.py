"""Write `edgekit/datasets/README.md` from the table of data sets and samples.

Run `python benchmarks/samples/make_readme.py`.
"""

from __future__ import annotations

from edgekit.core.paths import packaged
from edgekit.domains.upstream.table import readme


def main() -> None:
    """Write it."""
    (packaged("datasets") / "README.md").write_text(readme(), encoding="utf-8")


if __name__ == "__main__":
    main()
