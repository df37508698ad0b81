"""Choose test examples that show what a file does, and make them ready for a page."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from edgekit.core.recipe import Dataset, Recipe
from edgekit.core.types import Array, Batch
from edgekit.on_device.vision.drawing import COLOURS, PAINTED, Drawing
from edgekit.reporting.seen import Drawn, Example, Picture, Seen
from edgekit.showing.differences import difference
from edgekit.showing.tally import scores_output

SMALL = 64
"""Pixels of the longer side up to which every pixel of a picture is kept and shown as a square."""
LONGEST = 480
"""Pixels of the longer side of any other picture in a page."""
MOST_BYTES = 700_000
"""Of all pictures of a page together."""
MOST_DRAWN, ORDINARY_DRAWN = 6, 2
MOST_WORDS, ORDINARY_WORDS = 18, 6
"""Examples that differ and others: with drawings, which need room, and with words."""

Show = Callable[[Batch, Batch], Sequence[Drawing]]


def show_of(recipe: Recipe) -> Show | None:
    """Return how a recipe's examples are shown: its own way, or a classifier's picture and label.

    Returns:
        None if there is nothing to look at.
    """
    if recipe.show:
        return recipe.show
    scores, inputs = scores_output(recipe), recipe.signature.inputs
    is_picture = len(inputs) == 1 and len(inputs[0].shape) == 4 and inputs[0].shape[3] in (1, 3)
    if not (scores and is_picture and "0..1" in inputs[0].meaning):
        return None
    labels = recipe.signature.labels

    def show(given: Batch, answers: Batch) -> list[Drawing]:
        drawings = []
        for picture, row in zip(given[inputs[0].name], answers[scores], strict=True):
            best = int(np.argmax(row))
            text = labels[best] if row[best] == 1 else f"{labels[best]} {100 * row[best]:.0f} %"
            drawings.append(Drawing(picture=picture, text=text))
        return drawings

    return show


def with_examples(
    seen: Seen, recipe: Recipe, test: Dataset, *, reference: Batch, answers: Batch
) -> Seen:
    """Return what is seen of a file with examples, those that differ most first.

    Args:
        seen: Which file it is.
        recipe: Shows them.
        test: The examples, with their right answers.
        reference: What the reference answers to them.
        answers: What a file answers.
    """
    show = show_of(recipe)
    if show is None:
        return seen
    before, after = show(test.inputs, reference), show(test.inputs, answers)
    gaps = [difference(one, other) for one, other in zip(before, after, strict=True)]
    different = [number for number, gap in enumerate(gaps) if gap >= 1]
    chosen = _chosen(gaps, different, is_words=_is_words(before + after))  # type: ignore[operator]
    right = _right(recipe, show, _rows(test, chosen))
    pictures, examples = Pictures(), []
    for position, number in enumerate(chosen):
        if pictures.num_bytes > MOST_BYTES:
            break
        examples.append(
            Example(
                number=number + 1,
                right=pictures.drawn(right[position]) if right else None,
                reference=pictures.drawn(before[number]),
                file=pictures.drawn(after[number]),
                differs=gaps[number] >= 1,
            )
        )
    return replace(
        seen,
        compared=len(test),
        different=len(different),
        pictures=tuple(pictures.all),
        examples=tuple(examples),
    )


class Pictures:
    """The pictures of a page, each once.

    Attributes:
        all: In the order in which they were first drawn.
        num_bytes: Of all, and of what is painted over them.
    """

    def __init__(self) -> None:
        self.all: list[Picture] = []
        self.num_bytes = 0
        self._known: dict[str, int] = {}

    def drawn(self, drawing: Drawing) -> Drawn:
        """Return a drawing as a page holds it; its picture is kept."""
        pixels = drawing._replace(mask=None).pixels()
        scale = min(1.0, LONGEST / max(pixels.shape[:2]))
        mask = "" if drawing.mask is None else _painted(np.asarray(drawing.mask), scale)
        self.num_bytes += len(mask)
        boxes = [(box * scale, caption, k) for k, (box, caption, _) in _framed(drawing)]
        return Drawn(
            picture=self._picture(pixels, scale),
            boxes=tuple(tuple(round(float(x), 2) for x in box) for box, _, _ in boxes),  # type: ignore[misc]
            captions=tuple(caption for _, caption, _ in boxes) if drawing.captions else (),
            kinds=tuple(kind for _, _, kind in boxes),
            mask=mask,
            joints=tuple(_joints(joints * scale, seen) for joints, seen, _ in drawing.people()),
            bones=tuple((int(a), int(b)) for a, b in drawing.bones) if drawing.bones else (),
            text=drawing.text,
        )

    def _picture(self, pixels: Array, scale: float) -> int:
        key = hashlib.sha256(pixels.tobytes() + str(pixels.shape).encode()).hexdigest()
        if key not in self._known:
            self._known[key] = len(self.all)
            self.all.append(_encoded(pixels, scale))
            self.num_bytes += len(self.all[-1].data)
        return self._known[key]


def _framed(drawing: Drawing) -> list[tuple[int, tuple[Array, str, object]]]:
    """Return the class of each box that is drawn, with what is drawn."""
    boxes = np.zeros((0, 4)) if drawing.boxes is None else np.asarray(drawing.boxes, np.float64)
    kinds = [int(k) for k in drawing.kinds] or [0] * len(boxes)
    finite = [kind for kind, box in zip(kinds, boxes, strict=True) if np.isfinite(box).all()]
    return list(zip(finite, drawing.framed(), strict=True))


def _joints(joints: Array, seen: Array) -> tuple[tuple[float, float] | None, ...]:
    return tuple(
        (round(float(x), 1), round(float(y), 1)) if is_seen else None
        for (x, y), is_seen in zip(joints, seen, strict=True)
    )


def _chosen(gaps: Sequence[float], different: Sequence[int], *, is_words: bool) -> list[int]:
    """Return which examples are shown: those that differ most, then some evenly of the others."""
    most, ordinary = (MOST_WORDS, ORDINARY_WORDS) if is_words else (MOST_DRAWN, ORDINARY_DRAWN)
    by_gap = sorted(range(len(gaps)), key=lambda number: -gaps[number])
    first = by_gap[: max(min(len(different), most), min(2, len(gaps)))]
    others = [number for number in range(len(gaps)) if number not in {*different, *first}]
    count = min(len(others), ordinary + max(0, most - len(first)) // 2)
    even = np.linspace(0, len(others) - 1, count).round()
    return [*first, *(others[int(k)] for k in even)]


def _is_words(drawings: Sequence[Drawing]) -> bool:
    return all(d.boxes is None and d.mask is None and d.points is None for d in drawings)


def _right(recipe: Recipe, show: Show, chosen: Dataset) -> Sequence[Drawing] | None:
    """Return the right answers, where a recipe's key has them in the form of answers."""
    right, _ = recipe.answer_key(chosen)
    answers = right(chosen.inputs)
    return show(chosen.inputs, answers) if len(chosen) else None


def _rows(dataset: Dataset, numbers: Sequence[int]) -> Dataset:
    index = np.array(numbers, int)

    def cut(batch: Batch) -> Batch:
        return {name: array[index] for name, array in batch.items()}

    if isinstance(dataset.targets, Mapping):
        return Dataset(inputs=cut(dataset.inputs), targets=cut(dataset.targets))
    return Dataset(inputs=cut(dataset.inputs), targets=np.asarray(dataset.targets)[index])


def _encoded(pixels: Array, scale: float) -> Picture:
    """Return a picture, `(height, width, 3)`, uint8: exactly if it is small, else as a JPEG."""
    from PIL import Image

    height, width = pixels.shape[:2]
    is_small = max(height, width) <= SMALL
    image, file = Image.fromarray(pixels), io.BytesIO()
    if is_small:
        image.save(file, "PNG", optimize=True)
    else:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST).save(
            file, "JPEG", quality=82, optimize=True
        )
        width, height = size
    kind = "png" if is_small else "jpeg"
    return Picture(data=_address(file, kind), width=width, height=height, is_small=is_small)


def _painted(mask: Array, scale: float) -> str:
    """Return the colours that classes paint over a picture; class 0 is transparent."""
    from PIL import Image

    colours = np.array(COLOURS, np.uint8)[mask.astype(int) % len(COLOURS)]
    alpha = np.where(mask != 0, round(255 * PAINTED), 0).astype(np.uint8)[..., np.newaxis]
    image = Image.fromarray(np.concatenate([colours, alpha], axis=2), "RGBA")
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    file = io.BytesIO()
    image.resize(size, Image.Resampling.NEAREST).quantize(16).save(file, "PNG", optimize=True)
    return _address(file, "png")


def _address(file: io.BytesIO, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
