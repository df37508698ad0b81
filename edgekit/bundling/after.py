"""What is done with a model's answers before a user sees them: `after` of `bundle.json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Discriminator

from edgekit.bundling.before import Numbers

Pair = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A score for each label; the highest are the answer.

    Attributes:
        top: So many are shown.
    """

    kind: Literal["labels"]
    output: str
    top: int


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Cells of one size: their side in pixels, and width and height each predictor starts from."""

    stride: int
    anchors: tuple[Pair, ...]


@dataclass(frozen=True, kw_only=True)
class GridCells:
    """A detector of one part, `network`; see `edgekit/on_device/vision/grid_cells.py`.

    Fields that are called as there mean the same.
    """

    kind: Literal["grid_cells"]
    grids: tuple[Grid, ...]
    num_classes: int
    size: Literal["exponential", "square"]
    reach: float
    classes: Literal["any", "one", "cell"]
    least_score: float
    threshold: float
    most: int
    candidates: int


@dataclass(frozen=True, kw_only=True)
class WordTree:
    """Grid cells that name things by a tree; see `edgekit/on_device/vision/word_tree.py`.

    Attributes:
        names: The root first.
        parents: Of each name the number of the one above; -1 for the root.
        least_sure: How probable a name must be to be said.
    """

    kind: Literal["word_tree"]
    grids: tuple[Grid, ...]
    num_classes: int
    size: Literal["exponential", "square"]
    reach: float
    classes: Literal["any", "one", "cell"]
    least_score: float
    threshold: float
    most: int
    candidates: int
    names: tuple[str, ...]
    parents: tuple[int, ...]
    least_sure: float


@dataclass(frozen=True, kw_only=True)
class Regions:
    """A detector that looks twice; fields as in `edgekit/on_device/vision/regions.py`.

    The part `regions` looks at each region; `proposals`, if it is there, proposes them, and else
    selective search does; `features`, if it is there, looks at the whole picture once.
    """

    kind: Literal["regions"]
    stride: int
    side: int
    anchors: tuple[Pair, ...]
    margin: float
    least_objectness: float
    overlap: float
    proposals: int
    least_score: float
    threshold: float
    most: int


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """Boxes around things, each with a label and a score.

    Attributes:
        least_score: Boxes of less are not shown, if the user names no other score.
    """

    kind: Literal["boxes"]
    decoder: Annotated[GridCells | WordTree | Regions, Discriminator("kind")]
    least_score: float


@dataclass(frozen=True, kw_only=True)
class OneBox:
    """One box and one label, which all cells vote for; `merged` of `programs/localize.py`."""

    kind: Literal["one_box"]


@dataclass(frozen=True, kw_only=True)
class Mask:
    """A score of each label for each pixel; the highest counts."""

    kind: Literal["mask"]
    output: str


@dataclass(frozen=True, kw_only=True)
class KeyPointDecoder:
    """How people are found in maps; fields as in `edgekit/on_device/vision/key_points.py`."""

    stride: int
    tree: tuple[tuple[int, int], ...]
    least_peak: float
    least_score: float
    radius: float
    most: int


@dataclass(frozen=True, kw_only=True)
class KeyPoints:
    """Joints of people.

    Attributes:
        joints: Their names.
        bones: Pairs of joints that a drawing joins.
        least: Joints that are less sure are not shown.
    """

    kind: Literal["key_points"]
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    decoder: KeyPointDecoder
    least: float


After = Annotated[Labels | Boxes | OneBox | Mask | KeyPoints | Numbers, Discriminator("kind")]
