"""Texts: verses in two languages, reviews, parsed sentences, papers and their summaries."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from edgekit.core.errors import BadData
from edgekit.domains.upstream import archives
from edgekit.domains.upstream.archived import archived
from edgekit.domains.upstream.data_set import DataFile, DataSet

NUM_SENTENCES = 4265
"""The first four fifths of each label's sentences; the others are for other people's tests."""

_SPLITS = ("train", "dev", "test")


def reviews(downloads: Sequence[Path], folder: Path) -> None:
    """Write reviews and sentences as one table: text, label (1 praises), source.

    The order is that of the archives, which splits count on.
    """
    films, sentences = downloads
    rows = io.StringIO(newline="")
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(("text", "label", "source"))
    try:
        writer.writerows(_films(films))
        writer.writerows(_sentences(sentences))
    except (UnicodeDecodeError, KeyError) as error:
        raise BadData(f"The reviews are not as they were published: {error!r}.") from error
    _write(folder / "movie-reviews.csv.gz", rows.getvalue().encode())


def _films(path: Path) -> Iterator[tuple[str, int, str]]:
    labels = {"neg": 0, "pos": 1}
    for name, data in archives.members(path, r"train/(neg|pos)/\d+_\d+\.txt"):
        yield data.decode(), labels[name.split("/")[1]], "imdb"


def _sentences(path: Path) -> Iterator[tuple[str, int, str]]:
    files = dict(archives.members(path, r"rt-polarity\.(neg|pos)"))
    for label, kind in ((1, "pos"), (0, "neg")):
        lines = files[f"rt-polarity.{kind}"].decode("latin-1").split("\n")
        yield from ((line.strip(), label, "rotten_tomatoes") for line in lines[:NUM_SENTENCES])


def trees(downloads: Sequence[Path], folder: Path) -> None:
    """Write each split's trees, one a line."""
    (download,) = downloads
    files = dict(archives.zip_members(download, r"(train|dev|test)\.txt"))
    for split in _SPLITS:
        if f"{split}.txt" not in files:
            raise BadData(f"'{download.name}' holds no trees/{split}.txt; get another copy.")
        _write(folder / "sst" / f"{split}.txt.gz", files[f"{split}.txt"])


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, mtime=0))


BIBLE = DataSet(
    name="bible",
    what="31,072 verses in English and Spanish",
    licence="public domain",
    source="World English Bible and Reina-Valera 1909; as they were put together for edgekit",
    size_bytes=2_763_544,
    files=(
        DataFile(
            path="bible-en-es.tsv.gz",
            sha256="c1023e109a90fd66f640736ef432f5e6dd638a1507a3b2189109988abf3733c4",
        ),
    ),
)

MOVIE_REVIEWS = DataSet(
    name="movie-reviews",
    what="25,000 reviews of films and 8,530 sentences of reviews, half of them praise",
    licence="research data, with attribution",
    source=(
        "Maas et al. 2011, https://ai.stanford.edu/~amaas/data/sentiment; "
        "Pang, Lee 2005, https://www.cs.cornell.edu/people/pabo/movie-review-data"
    ),
    size_bytes=13_234_380,
    files=(
        DataFile(
            path="movie-reviews.csv.gz",
            sha256="d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d",
        ),
    ),
    urls=(
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        "https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz",
    ),
    convert=reviews,
)

_SST_SUMS = (
    "e2f3f41b0b1e6d4dddc0effe3bfc2d27ed8928079aa9a03d652311614fc5feb7",
    "0e9336aed6e4730e19f58d00a77b3f0297efdb755f7b5e598c98a05e3f97ea40",
    "6e54806dee95cf80cd918e7dfb3f6770f6df24bf826f289a4d1f709e1c8f6761",
)

SST = DataSet(
    name="sst",
    what="11,855 sentences of reviews as trees, each part with a sentiment of 0 to 4",
    licence="research data",
    source="Socher et al. 2013; https://nlp.stanford.edu/sentiment",
    size_bytes=789_560,
    files=tuple(
        DataFile(path=f"sst/{split}.txt.gz", sha256=sha)
        for split, sha in zip(_SPLITS, _SST_SUMS, strict=True)
    ),
    urls=("https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip",),
    convert=trees,
)

SCITLDR = archived(
    "scitldr",
    what="abstracts of 1,992 / 619 / 618 papers with summaries of one sentence",
    licence="Apache-2.0",
    source="Cachola et al. 2020, arXiv:2004.15011; https://github.com/allenai/scitldr",
    size_bytes=1_733_629,
    url="https://github.com/allenai/scitldr/archive/5ccad9c.tar.gz",
    used=r"SciTLDR-Data/SciTLDR-A/(train|dev|test)\.jsonl",
    sha256="37a98e67c811830a5cf0f0d4f02cd43d5eef50cf701aa82a6d8e3dcaa9d7265e",
)

SETS = (BIBLE, MOVIE_REVIEWS, SST, SCITLDR)
