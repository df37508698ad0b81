"""PoseNet's maps: who is put into them is found in them."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.types import Array
from edgekit.domains.pose.part_fields import field_loss, fields, middles
from edgekit.on_device.vision.key_points import (
    JOINTS,
    NETWORK,
    TREE,
    Decoder,
    Maps,
    distinct,
    drive,
    found,
)

STRIDE, ROWS, COLUMNS = 8, 20, 24
DECODER = Decoder(stride=STRIDE, tree=TREE, least_peak=0.5, least_score=0.3, radius=12.0, most=6)
SHAPE = np.array(
    [
        [0, 0], [2, -2], [-2, -2], [5, -1], [-5, -1], [10, 12], [-10, 12], [14, 26], [-14, 26],
        [15, 40], [-15, 40], [7, 42], [-7, 42], [8, 62], [-8, 62], [9, 82], [-9, 82],
    ],
    float,
)  # fmt: skip
"""Someone who faces us, 84 pixels tall."""


def crowd(random: np.random.Generator, count: int) -> Array:
    """People `(count, 17, 3)` who stand side by side, each in a way of their own."""
    places = np.stack([20 + 44 * np.arange(count), random.uniform(20, 40, count)], axis=1)
    bodies = SHAPE + random.uniform(-3, 3, (count, 17, 2))
    joints = places[:, None] + bodies * random.uniform(0.8, 1.3, (count, 1, 1))
    return np.concatenate([joints, np.ones((count, 17, 1))], axis=2)


def answers(people: Array) -> dict[str, Array]:
    """What a perfect network says of one picture; nearer cells are surer."""
    everyone = np.concatenate([people, np.zeros((1, 17, 3))]).astype(np.float32)
    cells = middles(ROWS, COLUMNS)
    right = fields(everyone[np.newaxis], cells, DECODER)
    near, (first, second) = np.asarray(right.near), np.array(TREE).T
    apart = np.linalg.norm(cells[:, None, None] - everyone[None, ..., :2] / STRIDE, axis=-1)
    heat = near * (1 - 0.1 * apart.min(axis=1))
    offsets = np.asarray(right.offsets) * near[..., None]
    forward = np.asarray(right.forward) * near[..., first, None]
    backward = np.asarray(right.backward) * near[..., second, None]
    maps = {"heatmaps": heat, "offsets": offsets, "forward": forward, "backward": backward}
    return {name: array.reshape(1, ROWS, COLUMNS, -1) for name, array in maps.items()}


def whole(people: Array) -> dict[str, Array]:
    return dict(drive(DECODER)({NETWORK: lambda _: answers(people)})({}))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_who_is_encoded_is_decoded(seed: int, count: int) -> None:
    people = crowd(np.random.default_rng(seed), count)
    answer = whole(people)
    assert answer["people"].shape == (1, 6, 17, 3)
    assert (answer["scores"][0] > 0).sum() == count
    assert (answer["people"][0, count:] == 0).all()
    own = answer["people"][0, :count]
    own = own[np.argsort(own[:, 0, 0])]
    assert own[..., :2] == pytest.approx(people[..., :2], abs=1e-3)


def test_the_surest_come_first_and_no_more_than_wanted() -> None:
    maps = answers(crowd(np.random.default_rng(0), 4))
    maps["heatmaps"][:, :, 12:] *= 0.8
    run = drive(DECODER._replace(most=3))({NETWORK: lambda _: maps})
    scores = run({})["scores"][0]
    assert scores.shape == (3,)
    assert (np.diff(scores) <= 0).all()
    assert scores[0] > scores[2] + 0.1


def test_a_joint_that_is_not_seen_is_led_to_and_unsure() -> None:
    people = crowd(np.random.default_rng(1), 2)
    wrist = JOINTS.index("left wrist")
    hidden = people.copy()
    hidden[0, wrist, 2] = 0
    own, other = sorted(whole(hidden)["people"][0, :2], key=lambda person: float(person[0, 0]))
    assert own[wrist, 2] == 0
    assert own[wrist, :2] == pytest.approx(people[0, wrist, :2], abs=STRIDE)  # a cell's middle
    assert (np.delete(own[:, 2], wrist) > 0.5).all()
    assert (other[:, 2] > 0.5).all()


def test_the_same_joint_twice_makes_no_second_person() -> None:
    people = crowd(np.random.default_rng(2), 1)
    maps = answers(people)
    ghost = np.array([18, 22])
    for name in ("offsets", "forward", "backward"):
        maps[name][0, ghost[0], ghost[1]] = 0.1
    maps["heatmaps"][0, ghost[0], ghost[1], JOINTS.index("left wrist")] = 0.6
    answer = drive(DECODER)({NETWORK: lambda _: maps})({})
    assert (answer["scores"][0] > 0).sum() == 1


def test_of_one_person_found_twice_the_surer_is_kept() -> None:
    people = crowd(np.random.default_rng(3), 3)
    twice = np.concatenate([people, people[[1]] + [2, 1, 0]])
    scores = np.array([0.5, 0.6, 0.9, 0.7])
    assert distinct(twice, scores).tolist() == [2, 3, 0]
    assert distinct(twice[:0], scores[:0]).tolist() == []


def test_pairs_that_are_no_tree_are_refused() -> None:
    maps = answers(crowd(np.random.default_rng(4), 1))
    own = Maps(*(maps[name][0].reshape(ROWS, COLUMNS, -1, 2) for name in ("offsets",) * 4))
    own = own._replace(heat=maps["heatmaps"][0])
    with pytest.raises(ValueError, match="do not join all 17 joints; give a tree"):
        found(own, DECODER._replace(tree=TREE[:-1]))


def test_right_answers_have_no_loss_and_wrong_ones_have() -> None:
    people = np.zeros((2, 4, 17, 3), np.float32)
    for index in range(2):
        people[index, : index + 1] = crowd(np.random.default_rng(index), index + 1)
    targets = {"people": people, "ignored": np.zeros((2, 3, 4), np.float32)}
    right = [answers(each[each[..., 2].any(axis=1)]) for each in people]
    both = {key: np.concatenate([each[key] for each in right]) for key in right[0]}
    both["heatmaps"] = np.where(both["heatmaps"] > 0, 1.0, 0.0)
    both = {key: value.astype(np.float32) for key, value in both.items()}
    assert np.asarray(field_loss(targets, both, DECODER)) == pytest.approx([0, 0], abs=1e-3)
    for name in both:
        wrong = {**both, name: 0.5 * both[name] + 0.1}
        assert (np.asarray(field_loss(targets, wrong, DECODER)) > 0.01).all(), name


def test_where_people_are_ignored_any_answer_is_right() -> None:
    people = crowd(np.random.default_rng(5), 1)[np.newaxis].astype(np.float32)
    maps = {key: value.astype(np.float32) for key, value in answers(people[0]).items()}
    maps["heatmaps"] = np.where(maps["heatmaps"] > 0, np.float32(1), np.float32(0))
    maps["heatmaps"][0, 2:10, 15:20] = 1
    ignored = np.array([[[15 * 8, 2 * 8, 20 * 8, 10 * 8], [0, 0, 0, 0]]], np.float32)
    for boxes, highest in ((ignored, 1e-3), (0 * ignored, 1e6)):
        loss = float(np.asarray(field_loss({"people": people, "ignored": boxes}, maps, DECODER))[0])
        assert (loss < 1e-3) == (highest < 1)
