"""Folders of pictures with boxes such as users bring, in each of the three layouts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from edgekit.core.types import Array
from edgekit.domains.vision.boxed_pictures import BoxedSet

NAMES = ("ball", "brick")

Boxes = Sequence[tuple[int, tuple[float, float, float, float]]]
"""Class number, and left, top, right and bottom, of each box."""


def boxed_picture(seed: int, *, width: int = 64, height: int = 48) -> tuple[Array, Boxes]:
    """Return a picture with one to three bright things, and their boxes."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 90, (8, 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    pixels = np.resize(pixels, (height, width, 3))
    boxes = []
    for column in range(int(random.integers(1, 4))):
        kind = int(random.integers(0, 2)) if seed % 4 == 0 else 0  # bricks are rare
        side = int(random.integers(8, 15))
        left = width // 3 * column + int(random.integers(0, width // 3 - side + 1))
        top = int(random.integers(0, height - side + 1))
        pixels[top : top + side, left : left + side, 2 * kind] = 230
        boxes.append((kind, (float(left), float(top), float(left + side), float(top + side))))
    return pixels, boxes


def boxed_folder(
    root: Path,
    layout: str,
    *,
    count: int = 24,
    splits: Sequence[str] = (),
    names: Sequence[str] = NAMES,
) -> Path:
    """Write pictures and boxes.

    Args:
        root: Where.
        layout: "voc", "coco" or "yolo".
        count: How many pictures.
        splits: Folders that the pictures are dealt out to, all called by the same names in each.
        names: Of the classes.
    """
    for number, part in enumerate(splits or ("",)):
        own = range(number, count, len(splits) or 1)
        pictures = {f"{index}.png": boxed_picture(seed) for index, seed in enumerate(own)}
        folder = root / part
        for name, (pixels, _) in pictures.items():
            path = folder / ("images" if layout == "yolo" else "") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
        {"voc": _voc, "coco": _coco, "yolo": _yolo}[layout](folder, pictures, names)
    if layout == "yolo":
        (root / "data.yaml").write_text(f"nc: 2\nnames: [{', '.join(names)}]\n")
    return root


def voc_folder(root: Path, pictures: BoxedSet) -> Path:
    """Write pictures that a recipe knows as a user's own, with Pascal VOC files."""
    root.mkdir(parents=True, exist_ok=True)
    for index, image in enumerate(pictures.images):
        real = pictures.labels[index] >= 0
        boxes = [
            (int(label), tuple(map(float, box)))
            for label, box in zip(
                pictures.labels[index][real], pictures.boxes[index][real], strict=True
            )
        ]
        Image.fromarray(image).save(root / f"{index}.png")
        _voc(root, {f"{index}.png": (image, boxes)}, pictures.names)  # type: ignore[dict-item]
    return root


def crops_folder(root: Path, pictures: BoxedSet, *, most: int) -> Path:
    """Write what boxes show, a folder a class and in it one for each picture; `most` a class."""
    counts = dict.fromkeys(pictures.names, 0)
    for index, image in enumerate(pictures.images):
        for label, box in zip(pictures.labels[index], pictures.boxes[index], strict=True):
            left, top, right, bottom = np.rint(box).astype(int)
            name = pictures.names[label]
            if label >= 0 and counts[name] < most and min(right - left, bottom - top) >= 12:
                counts[name] += 1
                path = root / name / f"picture {index}" / f"{counts[name]}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(image[top:bottom, left:right]).save(path)
    return root


def _voc(folder: Path, pictures: dict[str, tuple[Array, Boxes]], names: Sequence[str]) -> None:
    for name, (_, boxes) in pictures.items():
        objects = "".join(
            f"<object><name>{names[kind]}</name><bndbox><xmin>{left}</xmin><ymin>{top}</ymin>"
            f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
            for kind, (left, top, right, bottom) in boxes
        )
        text = f"<annotation><filename>{name}</filename>{objects}</annotation>"
        (folder / name).with_suffix(".xml").write_text(text)


def _coco(folder: Path, pictures: dict[str, tuple[Array, Boxes]], names: Sequence[str]) -> None:
    content = {
        "images": [{"id": i, "file_name": name} for i, name in enumerate(pictures)],
        "categories": [{"id": 7 + kind, "name": name} for kind, name in enumerate(names)],
        "annotations": [
            {
                "image_id": i,
                "category_id": 7 + kind,
                "bbox": [left, top, right - left, bottom - top],
            }
            for i, (_, boxes) in enumerate(pictures.values())
            for kind, (left, top, right, bottom) in boxes
        ],
    }
    (folder / "instances.json").write_text(json.dumps(content))


def _yolo(folder: Path, pictures: dict[str, tuple[Array, Boxes]], names: Sequence[str]) -> None:
    for name, (pixels, boxes) in pictures.items():
        height, width = pixels.shape[:2]
        lines = [
            f"{kind} {(left + right) / 2 / width:.6f} {(top + bottom) / 2 / height:.6f} "
            f"{(right - left) / width:.6f} {(bottom - top) / height:.6f}"
            for kind, (left, top, right, bottom) in boxes
        ]
        path = (folder / "labels" / name).with_suffix(".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines))
