"""What a report shows of test examples: pictures with answers drawn, and how often which is wrong.

It lies in a run folder beside `report.json`, as `seen.json`: pictures have no place among figures
that go into every bundle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edgekit.core.errors import BadData, NotFound
from edgekit.core.paths import write_json
from edgekit.core.records import from_json, read_json, to_json
from edgekit.core.report import Tally

FILE_NAME = "seen.json"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture, once, however many answers are drawn into it.

    Attributes:
        data: A `data:` address with all of it.
        width: Pixels, in which the drawings are given.
        height: Pixels.
        is_small: Its pixels are to stay squares.
    """

    data: str
    width: int
    height: int
    is_small: bool


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """An answer in a picture; as `edgekit.on_device.vision.drawing.Drawing`, without what is empty.

    Attributes:
        picture: Which one of `Seen.pictures`.
        mask: A `data:` address of what is painted over the picture; "" for nothing.
        joints: Of each person; None where one was not seen.
    """

    picture: int
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    captions: tuple[str, ...] = ()
    kinds: tuple[int, ...] = ()
    mask: str = ""
    joints: tuple[tuple[tuple[float, float] | None, ...], ...] = ()
    bones: tuple[tuple[int, int], ...] = ()
    text: str = ""

    @property
    def is_text(self) -> bool:
        """Whether nothing is drawn into the picture: the answer is words alone."""
        return not (self.boxes or self.mask or self.joints)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A test example with the right answer, the reference's and the file's.

    Attributes:
        number: Among the test examples, from 1.
        differs: Whether the file answers otherwise than the reference.
    """

    number: int
    right: Drawn | None
    reference: Drawn
    file: Drawn
    differs: bool

    @property
    def is_text(self) -> bool:
        """Whether the answers are words about one picture."""
        return self.one_picture and all(each.is_text for each in self._drawn)

    @property
    def one_picture(self) -> bool:
        """Whether the answers are about one picture; else they are pictures themselves."""
        return len({each.picture for each in self._drawn}) == 1

    @property
    def _drawn(self) -> list[Drawn]:
        return [each for each in (self.right, self.reference, self.file) if each]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What there is to see of a file of a build.

    Attributes:
        variant: The file's.
        runtime: That ran it.
        device: Where.
        compared: Examples that the file and the reference were compared on.
        different: How many of them the file answers otherwise.
        pictures: That examples refer to.
        examples: Some, those that differ most first.
        reference: How the reference answers all test examples; None if that cannot be counted.
        file: The same of the file.
    """

    variant: str
    runtime: str
    device: str
    compared: int = 0
    different: int = 0
    pictures: tuple[Picture, ...] = ()
    examples: tuple[Example, ...] = ()
    reference: Tally | None = None
    file: Tally | None = None


def without_shares(text: str) -> str:
    """Return a text without how sure it is, so that what it says can be compared.

    Example:
        >>> without_shares("0.98 RBC"), without_shares("4 19 %"), without_shares("Ankle boot 51 %")
        ('RBC', '4', 'Ankle boot')
    """
    return " ".join(re.sub(r"\d+(\.\d+)?\s*%|\b\d*\.\d+\b", " ", text).split())


def write_seen(seen: Seen, folder: Path) -> None:
    """Write what is to be seen of a build into its run folder."""
    write_json(folder / FILE_NAME, to_json(seen))


def read_seen(folder: Path) -> Seen | None:
    """Return what is to be seen of a build; None if nothing is, or another edition wrote it."""
    try:
        value = read_json(folder / FILE_NAME, written_by="a build writes it", remedy="build again")
        return from_json(Seen, value, what=FILE_NAME, remedy="build again")
    except (NotFound, BadData):
        return None
