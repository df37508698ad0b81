"""Write `bible_small.tsv.gz` and `reviews_small.csv.gz`: short texts out of the whole ones.

Run `python benchmarks/samples/make_texts_small.py` with EDGEKIT_DATA set to where those are.
"""

from __future__ import annotations

import csv
import gzip
import io

from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.text.corpora import SMALL_BIBLE, SMALL_REVIEWS, reviews, verses

NUM_VERSES = 2150
NUM_REVIEWS = 520
MOST_WORDS = 20
MOST_REVIEW_WORDS = 110


def main() -> None:
    """Write both files into `edgekit/datasets/`; each stays below 200 kB."""
    few = [v for v in verses("full") if len(v.english.split()) <= MOST_WORDS]
    few = [v for v in few if len(v.spanish.split()) <= MOST_WORDS]
    chosen = few[:: len(few) // NUM_VERSES][:NUM_VERSES]
    text = "".join(f"{v.reference}\t{v.english}\t{v.spanish}\n" for v in chosen)
    _write(SMALL_BIBLE, text)
    short = [r for r in reviews("full") if len(r.text.split()) <= MOST_REVIEW_WORDS]
    halves = [[r for r in short if r.label == label][: NUM_REVIEWS // 2] for label in (0, 1)]
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(["text", "label", "source"])
    for pair in zip(*halves, strict=True):
        writer.writerows([review.text, review.label, "imdb"] for review in pair)
    _write(SMALL_REVIEWS, rows.getvalue())


def _write(name: str, text: str) -> None:
    (PACKAGED / name).write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
