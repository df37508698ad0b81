"""The real data that the zoo's models are trained and judged on, from `EDGEKIT_DATA`."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import tarfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from edgekit.core.types import Array

BLOOD = ("RBC", "WBC", "Platelets")


def folder() -> Path:
    """Return the folder with the data sets."""
    return Path(os.environ["EDGEKIT_DATA"])


def shuffled(*arrays: Array, seed: int = 0) -> list[Array]:
    """Return arrays in one random order."""
    order = np.random.default_rng(seed).permutation(len(arrays[0]))
    return [array[order] for array in arrays]


def members(archive: str, pattern: str) -> dict[str, bytes]:
    """Return the files of an archive whose names match."""
    with tarfile.open(folder() / archive) as tar:
        return {
            member.name: tar.extractfile(member).read()  # type: ignore[union-attr]
            for member in tar
            if member.isfile() and re.search(pattern, member.name)
        }


def decoded(content: bytes, size: tuple[int, int], mode: str = "RGB") -> Array:
    """Return a picture as uint8 of `(height, width[, 3])`."""
    picture = Image.open(io.BytesIO(content))
    picture.draft(mode, (2 * size[1], 2 * size[0]))
    return np.asarray(picture.convert(mode).resize((size[1], size[0])))


def photos(size: int, count: int) -> Array:
    """Return photos of hands, blood cells and playing cards, `(count, size, size, 3)`, uint8."""
    third = count // 3 + 1
    contents: list[bytes] = []
    for archive in ("sign-language-digits.tar.gz", "bccd.tar.gz", "playing-cards.tar.gz"):
        names = members(archive, r"\.(jpg|JPG)$")
        contents += list(names.values())[:: max(1, len(names) // third)][:third]
    return shuffled(np.stack([decoded(each, (size, size)) for each in contents]))[0][:count]


def signs(size: int) -> tuple[Array, Array]:
    """Return hands that sign digits, and the digits."""
    files = members("sign-language-digits.tar.gz", r"\.JPG$")
    pictures = np.stack([decoded(content, (size, size)) for content in files.values()])
    labels = np.array([int(Path(name).parent.name) for name in files])
    return tuple(shuffled(pictures, labels))  # type: ignore[return-value]


def garments() -> tuple[Array, Array]:
    """Return the 7,000 pictures of Fashion-MNIST that ship, 0..1, and their classes."""
    from edgekit.domains.learning.downloads import read_packaged

    arrays = read_packaged("fashion_mnist_small.npz")
    pictures = np.concatenate([arrays["train_images"], arrays["test_images"]])
    labels = np.concatenate([arrays["train_labels"], arrays["test_labels"]])
    return pictures[..., None].astype(np.float32) / 255, labels.astype(np.int32)


def blood(height: int, width: int, cell: int) -> tuple[Array, Array, Array]:
    """Return blood pictures; for each cell of a grid the box (pixels) and class in its middle."""
    files = members("bccd.tar.gz", r"BCCD/(Annotations/.*\.xml|JPEGImages/.*\.jpg)$")
    pictures, boxes, scores = [], [], []
    for name, content in files.items():
        if not name.endswith(".jpg"):
            continue
        root = ElementTree.fromstring(files[name.replace("JPEGImages", "Annotations")[:-3] + "xml"])
        box = np.zeros((height // cell, width // cell, 4), np.float32)
        score = np.zeros((*box.shape[:2], len(BLOOD)), np.float32)
        for found in root.iter("object"):
            corners = [float(found.findtext(f"bndbox/{k}") or 0) for k in ("xmin", "ymin", "xmax")]
            corners.append(float(found.findtext("bndbox/ymax") or 0))
            x0, y0, x1, y1 = np.array(corners) * np.tile((width / 640, height / 480), 2)
            row = min(int((y0 + y1) / 2 / cell), box.shape[0] - 1)
            column = min(int((x0 + x1) / 2 / cell), box.shape[1] - 1)
            box[row, column] = x0, y0, x1, y1
            score[row, column] = np.eye(len(BLOOD))[BLOOD.index(found.findtext("name") or "")]
        pictures.append(decoded(content, (height, width)))
        boxes.append(box)
        scores.append(score)
    return tuple(shuffled(np.stack(pictures), np.stack(boxes), np.stack(scores)))  # type: ignore[return-value]


def membranes(size: int, count: int) -> tuple[Array, Array]:
    """Return crops of electron micrographs, 0..1, and their membranes."""
    files = members("isbi-membrane.tar.gz", r"train/(image|label)/\d+\.png$")
    random, crops, masks = np.random.default_rng(0), [], []
    names = [name for name in files if "/image/" in name]
    for k in range(count):
        name = names[k % len(names)]
        picture = np.asarray(Image.open(io.BytesIO(files[name])).convert("L").resize((256, 256)))
        label = Image.open(io.BytesIO(files[name.replace("/image/", "/label/")])).convert("L")
        mask = np.asarray(label.resize((256, 256)))
        y, x = random.integers(0, 256 - size, 2)
        crops.append(picture[y : y + size, x : x + size, None] / np.float32(255))
        masks.append((mask[y : y + size, x : x + size, None] < 128).astype(np.float32))
    return np.stack(crops), np.stack(masks)


def sea(past: int, future: int) -> tuple[Array, Array]:
    """Return windows of the sea's hourly temperature and what follows, degrees Celsius."""
    with gzip.open(folder() / "sea_surface_temperature.csv.gz", "rt") as lines:
        values = np.array([float(row[1]) for row in list(csv.reader(lines))[1:]], np.float32)
    hourly = values[: len(values) // 2 * 2].reshape(-1, 2).mean(1)
    windows = np.lib.stride_tricks.sliding_window_view(hourly, past + future)[::3]
    return tuple(shuffled(windows[:, :past, None], windows[:, past:]))  # type: ignore[return-value]


def reviews(words: int, length: int, count: int) -> tuple[Array, Array]:
    """Return reviews as word numbers (0 pads, 1 is any other word), and whether they praise."""
    with gzip.open(folder() / "movie-reviews.csv.gz", "rt", newline="") as lines:
        rows = [row for row in csv.reader(lines)][1:]
    rows = [rows[k] for k in np.random.default_rng(0).permutation(len(rows))[:count]]
    texts = [re.findall(r"[a-z']+", row[0].lower()) for row in rows]
    common = Counter(word for text in texts for word in text).most_common(words - 2)
    number = {word: k + 2 for k, (word, _) in enumerate(common)}
    ids = np.zeros((count, length), np.int32)
    for row, text in zip(ids, texts, strict=True):
        known = [number.get(word, 1) for word in text[:length]]
        row[: len(known)] = known
    return ids, np.array([row[1] in ("1", "pos", "positive") for row in rows], np.float32)


def verses(length: int, count: int) -> Array:
    """Return lines of the Bible as letters 0..29, `(count, length + 1)`, int32."""
    with gzip.open(folder() / "bible-en-es.tsv.gz", "rt") as lines:
        text = " ".join(line.split("\t")[1].lower() for line in list(lines)[1:6000])
    letters = " abcdefghijklmnopqrstuvwxyz.,"
    ids = np.array([letters.find(letter) + 1 for letter in text if letter != '"'], np.int32)
    starts = np.random.default_rng(0).integers(0, len(ids) - length - 1, count)
    windows: Array = ids[starts[:, None] + np.arange(length + 1)]
    return windows


def spoken(count: int) -> tuple[Array, Array]:
    """Return log-mel features of spoken digits, `(count, frames, bands)`, and the digits."""
    from edgekit.on_device.log_mel import log_mel
    from edgekit.on_device.programs.keywords import NUM_SAMPLES

    files = shuffled(
        np.array(list(members("free-spoken-digit-dataset.tar.gz", r"\.wav$").items()), object)
    )[0][:count]
    sounds = np.zeros((count, NUM_SAMPLES), np.float32)
    for row, (_, content) in zip(sounds, files, strict=True):
        samples = np.frombuffer(content[44:], np.int16)[:NUM_SAMPLES] / np.float32(32768)
        row[: len(samples)] = samples
    labels = np.array([int(Path(name).name[0]) for name, _ in files])
    return np.asarray(log_mel(sounds), np.float32), labels


def motion(frames: int) -> Array:
    """Return windows of a walking and jumping body's joint angles, `(windows, frames, 24)`."""
    (content,) = members("mocap.tar.gz", r"01_01\.bvh$").values()
    lines = content.decode().split("MOTION")[1].splitlines()[3:]
    angles = np.array([[float(v) for v in line.split()] for line in lines if line.strip()])
    moving = np.argsort(angles.std(0))[::-1][:24]
    chosen = (angles[::2, moving] - angles[:, moving].mean(0)) / angles[:, moving].std(0)
    windows = np.lib.stride_tricks.sliding_window_view(chosen, frames, axis=0)[::2]
    return shuffled(windows.transpose(0, 2, 1).astype(np.float32))[0]
