"""Write `bible_subwords_*.txt`: the subwords of the translation recipes, from training verses.

Run `python benchmarks/samples/make_subwords.py` with EDGEKIT_DATA set to where the whole Bible is.
"""

from __future__ import annotations

from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.text.subword_training import learn_subwords
from edgekit.domains.translation.verses import NUM_PIECES, verse_pairs
from edgekit.on_device.programs.translate import SUBWORD_FILES


def main() -> None:
    """Write both files into `edgekit/datasets/`."""
    train = verse_pairs("train", "full")
    for language, name in SUBWORD_FILES.items():
        subwords = learn_subwords((getattr(verse, language) for verse in train), NUM_PIECES)
        (PACKAGED / name).write_text(subwords.to_text(), encoding="ascii")


if __name__ == "__main__":
    main()
