"""Write `papers_small.tar.gz` and `papers_subwords.txt`: few papers, and subwords learned from all.

Run `python benchmarks/samples/make_papers_small.py` with EDGEKIT_DATA set to where SciTLDR is.
"""

from __future__ import annotations

import json

from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.summaries.papers import SMALL_PAPERS, papers
from edgekit.domains.text.subword_training import learn_subwords
from edgekit.domains.upstream import archives
from edgekit.on_device.programs.summarize import MERGES

NUM_PIECES = 4096
NUM_PAPERS = {"train": 240, "dev": 40, "test": 60}


def main() -> None:
    """Write both files into `edgekit/datasets/`."""
    files = []
    for part, count in NUM_PAPERS.items():
        every = papers("validation" if part == "dev" else part, "full")
        rows = (
            {"source": paper.sentences, "target": paper.summaries}
            for paper in every[:: len(every) // count][:count]
        )
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        files.append((f"SciTLDR-Data/SciTLDR-A/{part}.jsonl", lines.encode()))
    archives.write(PACKAGED / SMALL_PAPERS, SMALL_PAPERS.removesuffix(".tar.gz"), files)
    sentences = [each.lower() for paper in papers("train", "full") for each in paper.sentences]
    learned = learn_subwords((" ".join(each.split()) for each in sentences), NUM_PIECES)
    (PACKAGED / MERGES).write_text(learned.to_text(), encoding="ascii")


if __name__ == "__main__":
    main()
