"""Write `bible_subwords_*.txt`: the pieces of the translation recipes, learned on training verses.

Run from a checkout, with EDGEKIT_DATA set: `python -m edgekit.datasets.make_subwords`.
"""

from __future__ import annotations

from edgekit.data import PACKAGED
from edgekit.on_device.translate import SUBWORD_FILES
from edgekit.subword_training import learn
from edgekit.translation import NUM_PIECES, verse_pairs

if __name__ == "__main__":
    train = verse_pairs("train", "full")
    for language, name in SUBWORD_FILES.items():
        found = learn((getattr(verse, language) for verse in train), NUM_PIECES)
        (PACKAGED / name).write_text(found.to_text(), encoding="ascii")
