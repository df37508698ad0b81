"""Pictures with boxes around things, in the three layouts that people have.

Source: Everingham et al., The Pascal VOC Challenge, 2010, https://doi.org/10.1007/s11263-009-0275-4;
Lin et al., Microsoft COCO, 2014, https://arxiv.org/abs/1405.0312; YOLO text files as in
https://docs.ultralytics.com/datasets/detect, 2026.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array
from edgekit.domains.own_data.files import counted, files_of, picture_size
from edgekit.intake.media import PICTURES, UNREADABLE, left_out

EXPECTED = (
    "expected are pictures with Pascal VOC .xml files, a COCO .json, or YOLO .txt files with a "
    "classes.txt or data.yaml"
)
SMALLEST = 1.0
"""Pixels of a box's side."""


@dataclass(frozen=True, kw_only=True)
class BoxedPicture:
    """A picture with its boxes.

    Attributes:
        boxes: `(n, 4)`, float32: left, top, right and bottom in pixels, within the picture.
        labels: `(n,)`, int32, numbers of the classes.
        size: Width and height of the picture as it is shown, in pixels.
    """

    path: Path
    size: tuple[int, int]
    boxes: Array
    labels: Array


@dataclass(frozen=True, kw_only=True)
class BoxedPictures:
    """What a folder holds: pictures, names of the classes, and remarks in sentences."""

    pictures: tuple[BoxedPicture, ...]
    names: tuple[str, ...]
    remarks: tuple[str, ...]


Named = dict[str, list[Path]]
"""Name of a picture's file, or its stem -> the files called so, in whichever folders."""


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """What a file says of one picture: class names and boxes in pixels."""

    picture: Path
    labels: Sequence[str]
    boxes: Sequence[Sequence[float]]


def own_boxes(folder: Path) -> BoxedPictures:
    """Read pictures and their boxes.

    Boxes that reach over an edge are cut there; those outside or without an area are left out.

    Raises:
        BadData: The folder is laid out in another way, or a file names an unknown class.
    """
    if not folder.is_dir():
        raise BadData(f"'{folder}' is a file; {EXPECTED}.")
    files = files_of(folder)
    pictures: Named = {}
    for path in files:
        if path.suffix.lower() in PICTURES:
            pictures.setdefault(path.name, []).append(path)
            pictures.setdefault(path.stem, []).append(path)
    failed: dict[str, str] = {}
    drawn, names = _drawn(folder, files, pictures, failed)
    read: list[BoxedPicture] = []
    cut = outside = 0
    for each in drawn:
        try:
            size = picture_size(each.picture)
        except UNREADABLE as error:
            failed[each.picture.name] = "not a picture" if "identify" in str(error) else str(error)
            continue
        picture, num_cut, num_outside = _within(each, size, names)
        read.append(picture)
        cut, outside = cut + num_cut, outside + num_outside
    if not any(len(picture.boxes) for picture in read):
        why = f"; '{next(iter(failed))}': {next(iter(failed.values()))}" if failed else ""
        raise BadData(f"'{folder}' holds no picture with a box{why}; {EXPECTED}.")
    remarks = list(left_out(failed, len(drawn) + len(failed), "files"))
    if cut:
        remarks.append(f"Cut at the edge of their picture: {counted(cut, 'box', 'boxes')}.")
    if outside:
        remarks.append(f"Left out: {counted(outside, 'box', 'boxes')} outside or without an area.")
    total = len({path for paths in pictures.values() for path in paths})
    if bare := total - len({each.picture for each in drawn}):
        remarks.append(f"Left out: {counted(bare, 'picture')} without a file of boxes.")
    return BoxedPictures(pictures=tuple(read), names=names, remarks=tuple(remarks))


def _drawn(
    folder: Path, files: Sequence[Path], pictures: Named, failed: dict[str, str]
) -> tuple[list[_Drawn], tuple[str, ...]]:
    """Return what the files say, by whichever layout there is, and the names of all classes."""
    listed = _listed_names(files)
    if voc := [path for path in files if path.suffix.lower() == ".xml"]:
        drawn = [each for path in voc if (each := _voc(path, pictures, failed))]
    elif coco := [path for path in files if path.suffix.lower() == ".json"]:
        drawn, listed = _coco(folder, coco, pictures, failed)
    else:
        if not listed and any(path.suffix == ".txt" for path in files):
            raise BadData(f"'{folder}' holds .txt files and no names of classes; {EXPECTED}.")
        drawn = _yolo(files, pictures, listed, failed)
    found = tuple(sorted({label for each in drawn for label in each.labels}))
    if unknown := [label for label in found if listed and label not in listed]:
        each = next(each for each in drawn if unknown[0] in each.labels)
        raise BadData(
            f"The boxes of '{each.picture.name}' name the class '{unknown[0]}'; the list of "
            f"classes has {', '.join(listed[:10])}. Add it there, or mend the file."
        )
    return drawn, listed or found


def _listed_names(files: Iterable[Path]) -> tuple[str, ...]:
    """Return the names of a `classes.txt`, `obj.names` or `data.yaml`, if there is one."""
    for path in files:
        if path.name in ("classes.txt", "obj.names", "labels.txt"):
            return tuple(filter(None, map(str.strip, _text(path).splitlines())))
        if path.suffix in (".yaml", ".yml"):
            text = _text(path)
            if inline := re.search(r"^names:\s*\[(.*?)\]", text, re.MULTILINE | re.DOTALL):
                return tuple(name.strip(" '\"\n") for name in inline[1].split(","))
            if block := re.search(r"^names:\s*\n((?:[ \t-].*\n?)+)", text, re.MULTILINE):
                lines = filter(None, map(str.strip, block[1].splitlines()))
                return tuple(re.sub(r"^(-|\d+:)\s*", "", line).strip("'\"") for line in lines)
    return ()


def read_voc(content: bytes) -> tuple[list[str], list[list[float]]]:
    """Return class names and boxes of a Pascal VOC file; not-a-number for sides it lacks.

    Raises:
        ParseError, ValueError: It is not one.
    """
    objects = ElementTree.fromstring(content).findall("object")
    sides = ("xmin", "ymin", "xmax", "ymax")
    labels = [(each.findtext("name") or "").strip() for each in objects]
    return labels, [
        [float(each.findtext(f"bndbox/{side}") or "nan") for side in sides] for each in objects
    ]


def _voc(path: Path, pictures: Named, failed: dict[str, str]) -> _Drawn | None:
    try:
        content = path.read_bytes()
        root = ElementTree.fromstring(content)
        labels, boxes = read_voc(content)
    except (ElementTree.ParseError, ValueError) as error:
        failed[path.name] = f"no Pascal VOC file: {error}"
        return None
    named = (pictures.get(name) for name in ((root.findtext("filename") or ""), path.stem))
    picture = next((_nearest(found, path) for found in named if found), None)
    if root.tag != "annotation" or picture is None or "" in labels:
        failed[path.name] = (
            "no picture by its name"
            if root.tag == "annotation" and picture is None
            else "no Pascal VOC file"
        )
        return None
    return _Drawn(picture=picture, labels=labels, boxes=boxes)


def _coco(
    folder: Path, paths: Sequence[Path], pictures: Named, failed: dict[str, str]
) -> tuple[list[_Drawn], tuple[str, ...]]:
    drawn: list[_Drawn] = []
    names: dict[str, None] = {}
    for path in paths:
        try:
            content = json.loads(path.read_bytes())
            categories = {each["id"]: str(each["name"]) for each in content["categories"]}
            files = {each["id"]: Path(str(each["file_name"])) for each in content["images"]}
            boxes: dict[object, list[tuple[object, list[float]]]] = {key: [] for key in files}
            for each in content["annotations"]:
                left, top, width, height = map(float, each["bbox"])
                corners = [left, top, left + width, top + height]
                boxes[each["image_id"]].append((each["category_id"], corners))
        except (ValueError, KeyError, TypeError) as error:
            raise BadData(f"'{path.name}' is no COCO file ({error!r}); {EXPECTED}.") from error
        names |= dict.fromkeys(categories.values())
        for key, file in files.items():
            if file.name not in pictures:
                failed[file.name] = f"named by {path.name}, and not in '{folder}'"
                continue
            unknown = [label for label, _ in boxes[key] if label not in categories]
            if unknown:
                raise BadData(
                    f"'{path.name}' gives '{file.name}' a box of category {unknown[0]}; its "
                    f"categories are {', '.join(map(str, categories))}. Add it, or mend the box."
                )
            drawn.append(
                _Drawn(
                    picture=_nearest(pictures[file.name], path.parent / file),
                    labels=[categories[label] for label, _ in boxes[key]],
                    boxes=[box for _, box in boxes[key]],
                )
            )
    return drawn, tuple(names)


def _yolo(
    files: Sequence[Path],
    pictures: Named,
    names: Sequence[str],
    failed: dict[str, str],
) -> list[_Drawn]:
    drawn = []
    for path in files:
        if path.suffix != ".txt" or path.name in ("classes.txt", "labels.txt"):
            continue
        if path.stem not in pictures:
            failed[path.name] = "no picture by its name"
            continue
        picture = _nearest(pictures[path.stem], path)
        try:
            rows = [[float(cell) for cell in line.split()] for line in _text(path).splitlines()]
            rows = [row for row in rows if row]
            if any(len(row) != 5 or row[0] != int(row[0]) for row in rows):
                raise ValueError("a line is not CLASS X Y WIDTH HEIGHT")
            width, height = picture_size(picture)
        except UNREADABLE as error:
            failed[path.name] = str(error)
            continue
        for number, *_ in rows:
            if not 0 <= number < len(names):
                raise BadData(
                    f"'{path.name}' names class {number:.0f}; there are {len(names)} names, 0 to "
                    f"{len(names) - 1}. Add it to them, or mend the file."
                )
        boxes = [
            [(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height]
            for _, x, y, w, h in rows
        ]
        labels = [names[int(row[0])] for row in rows]
        drawn.append(_Drawn(picture=picture, labels=labels, boxes=boxes))
    return drawn


def _nearest(pictures: Sequence[Path], path: Path) -> Path:
    """Return the picture whose folders are called most like those of a file of boxes.

    So `valid/images/1.jpg` belongs to `valid/labels/1.txt`, and not to `train/labels/1.txt`.
    """
    folders = set(path.parent.parts)
    return max(pictures, key=lambda each: len(folders & set(each.parent.parts)))


def _within(
    drawn: _Drawn, size: tuple[int, int], names: Sequence[str]
) -> tuple[BoxedPicture, int, int]:
    """Cut boxes at the edges; return how many were cut, and how many left out, as well."""
    given = np.array(drawn.boxes, np.float32).reshape(-1, 4)
    numbers = np.array([names.index(label) for label in drawn.labels], np.int32)
    boxes, kept = within(given, size)
    cut = int((np.abs(boxes - given).max(axis=1, initial=0) > 1)[kept].sum())
    picture = BoxedPicture(path=drawn.picture, size=size, boxes=boxes[kept], labels=numbers[kept])
    return picture, cut, int((~kept).sum())


def within(given: Sequence[Sequence[float]] | Array, size: tuple[int, int]) -> tuple[Array, Array]:
    """Return boxes cut at the edges of a picture, and which of them still have an area.

    Args:
        given: `(n, 4)`: left, top, right, bottom.
        size: Width and height of the picture.

    Returns:
        `(n, 4)`, float32, and `(n,)`, bool.
    """
    boxes = np.clip(
        np.array(given, np.float32).reshape(-1, 4), 0, np.array([*size, *size], np.float32)
    )
    wide = np.asarray(boxes[:, 2:] - boxes[:, :2] >= SMALLEST)  # False where it is NaN
    return boxes, np.asarray(wide.all(axis=1))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig", errors="replace")
