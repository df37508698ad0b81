"""Write `bible_subwords_*.txt`: the pieces of the translation recipes, learned on training verses.

Run from a checkout, with EDGEKIT_DATA set: `python -m edgekit.datasets.make_subwords`.
"""

from __future__ import annotations

from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.text.subword_training import learn
from edgekit.domains.translation.verses import NUM_PIECES, verse_pairs
from edgekit.on_device.programs.translate import SUBWORD_FILES

if __name__ == "__main__":
    train = verse_pairs("train", "full")
    for language, name in SUBWORD_FILES.items():
        found = learn((getattr(verse, language) for verse in train), NUM_PIECES)
        (PACKAGED / name).write_text(found.to_text(), encoding="ascii")
