"""Write `sentiment_trees_small.txt.gz`: short sentences of the Stanford Sentiment Treebank.

Run `python benchmarks/samples/make_sentiment_trees_small.py` with EDGEKIT_DATA set to the folder
that holds the whole.
"""

from __future__ import annotations

import gzip

from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.trees.treebank import FILES, SMALL
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.texts import SST
from edgekit.on_device.trees.bracketed import read_tree

COUNTS = {"train": 1200, "validation": 150, "test": 300}
MOST_WORDS = 20


def main() -> None:
    """Write it into `edgekit/datasets/`."""
    parts: list[str] = []
    seen: set[tuple[str, ...]] = set()
    for split in reversed(list(FILES)):
        path = locate(SST, f"sst/{FILES[split]}.txt.gz")
        short = {}
        for line in gzip.decompress(path.read_bytes()).decode().strip().split("\n"):
            words = tuple(read_tree(line).words)
            if len(words) <= MOST_WORDS and words not in seen:
                short[words] = line
        # The upstream has praise first and blame last.
        chosen = list(short)[:: len(short) // COUNTS[split]][: COUNTS[split]]
        seen |= set(chosen)
        parts.append("\n".join(short[words] for words in chosen))
    content = gzip.compress("\n\n".join(reversed(parts)).encode(), mtime=0)
    (PACKAGED / SMALL).write_bytes(content)


if __name__ == "__main__":
    main()
