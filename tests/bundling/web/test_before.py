"""The page makes of a picture, a sound and a text the same numbers as Python, to 1e-5."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.on_device.log_mel import described as sound_facts
from edgekit.on_device.log_mel import log_mel
from edgekit.on_device.pictures import described as picture_facts
from edgekit.on_device.pictures import fit
from edgekit.on_device.programs.keywords import NUM_SAMPLES, one_second
from edgekit.on_device.programs.sentiment import LENGTH, fit_length, pieces
from edgekit.on_device.subwords import PADDING, Subwords
from edgekit.on_device.vision.letterbox import letterbox, letterboxed, to_picture
from edgekit.on_device.vision.tiles import cut, enlarged, resized, tiles_of
from tests.support.javascript import call, needs_node, picture

pytestmark = needs_node

SIZES = [(37, 53, 3), (120, 40, 3), (9, 14, 1), (32, 24, 3), (64, 48, 1)]
TEXTS = (
    "A wonderful film, isn\u2019t it?",
    "no",
    "Don't! 10/10 \u00e9t\u00e9 \U0001f600 snow_man",
    "never " * 90 + "again",
)


def pixels(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(sum(shape)).random(shape, np.float32)


def close(found: list[float], expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected.ravel(), atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", SIZES)
def test_a_picture_is_covered_as_in_python(shape: tuple[int, int, int], channels: int) -> None:
    wanted = (32, 24, channels)
    found = call("pictures", "covered", picture(pixels(shape)), picture_facts("x", wanted, "cover"))
    close(found["values"], fit(pixels(shape), wanted))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", SIZES)
def test_a_picture_is_letterboxed_as_in_python(shape: tuple[int, int, int], channels: int) -> None:
    wanted = (32, 24, channels)
    expected, placement = letterbox(pixels(shape), wanted)
    found = call("pictures", "letterboxed", picture(pixels(shape)), letterboxed("x", wanted))
    close(found["picture"]["values"], expected)
    box = [3.0, 4.0, 20.0, 31.5]
    back = call("pictures", "toPicture", box, found["placement"])
    close(back, to_picture(np.array(box), placement))


def test_mean_and_deviation_are_taken_off() -> None:
    facts = {**picture_facts("x", (32, 24, 1), "cover"), "mean": 0.5, "std": 0.25}
    found = call("pictures", "covered", picture(pixels((40, 40, 3))), facts)
    close(found["values"], (fit(pixels((40, 40, 3)), (32, 24, 1)) - 0.5) / 0.25)


@pytest.mark.parametrize("shape", [(70, 110, 3), (20, 50, 3), (32, 24, 1)])
def test_a_picture_is_cut_into_tiles_as_in_python(shape: tuple[int, int, int]) -> None:
    side = (32, 24, shape[2])
    facts = picture_facts("x", side, "tiles", longest=90, margin=4)
    seen = call("tiles", "seenBy", picture(pixels(shape)), facts)
    scale = min(1.0, 90 / max(shape[:2]))
    expected = resized(pixels(shape), *(max(1, round(n * scale)) for n in shape[:2]))
    close(seen["values"], expected)
    tiles = tiles_of(expected.shape, side, 4)
    found = call("tiles", "tilesOf", seen, facts)
    assert [(t["top"], t["left"], tuple(t["rows"]), tuple(t["columns"])) for t in found] == [
        tuple(tile) for tile in tiles
    ]
    for tile, expected_tile in zip(found, cut(expected, tiles, side), strict=True):
        given = {**seen, "values": np.array(seen["values"])}
        close(call("tiles", "cutTile", given, tile, facts)["values"], expected_tile)


def test_a_mask_is_enlarged_as_in_python() -> None:
    mask = np.random.default_rng(0).integers(0, 5, (13, 17)).astype(np.uint8)
    given = {"height": 13, "width": 17, "values": mask.ravel()}
    found = call("tiles", "enlarged", given, 40, 35)
    assert found["values"] == enlarged(mask, 40, 35).ravel().tolist()


@pytest.mark.parametrize("length", [3000, 8000, 12345])
def test_a_sound_has_the_same_features_as_in_python(length: int) -> None:
    random = np.random.default_rng(length)
    samples = (0.3 * random.standard_normal(length)).clip(-1, 1).astype(np.float32)
    found = call("sound", "logMel", samples, sound_facts("log_mel", NUM_SAMPLES))
    close(found, log_mel(one_second(samples)[np.newaxis]))


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_has_the_same_tokens_as_in_python(text: str) -> None:
    subwords = Subwords([(36, 105), (105, 114), (260, 118), (105, 101), (103, 263)])
    facts = {"normalize": "words", "length": LENGTH, "padding": PADDING, "too_long": "both_ends"}
    merges = [f"{left} {right}" for left, right in subwords.merges]
    lines = "\n".join(merges)
    assert (
        call("texts", "tokensOf", text, facts, lines) == fit_length(pieces(subwords, text)).tolist()
    )
    ids = subwords.encode(text)[:LENGTH]
    raw = call("texts", "tokensOf", text, {**facts, "normalize": "none", "length": 1000}, lines)
    assert raw[: len(ids)] == ids
