"""Strings of spoken digits: of the right recordings, with the right ends, judged by edits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.core.types import Split
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.speech import digit_strings, transcripts
from edgekit.domains.speech.between_pauses import between_pauses, pieces
from edgekit.domains.speech.digit_strings import LONGEST, composed
from edgekit.domains.speech.spoken_digits import Recordings, load_recordings, of_split
from edgekit.on_device.decoding import ctc_greedy

SPLITS: tuple[Split, ...] = ("train", "validation", "test", "calibration")


def marked(lengths: list[int], speakers: str = "aabb") -> Recordings:
    """Recordings whose samples are all 0.1, 0.2 and so on."""
    samples = np.zeros((len(lengths), 8000), np.float32)
    for row, length in enumerate(lengths):
        start = (8000 - length) // 2
        samples[row, start : start + length] = (1 + row) / 10
    return Recordings(
        samples=samples,
        lengths=np.array(lengths),
        digits=np.arange(len(lengths)),
        takes=np.zeros(len(lengths), int),
        speakers=np.array(list(speakers)),
    )


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_joins_its_own_recordings_only(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Recordings] = []

    def keep(recordings: Recordings, *args: object) -> None:
        used.append(recordings)

    monkeypatch.setattr(digit_strings, "composed", keep)
    digit_strings.strings_of.__wrapped__(split, "tiny")
    takes = set(used[0].takes.tolist())
    if split == "test":
        assert takes == set(load_recordings("tiny").takes.tolist()) & set(range(5))
    else:
        assert not takes & set(range(5))
    if split in ("train", "calibration"):
        assert not takes & set(of_split("validation", "tiny").takes.tolist())


@given(seed=st.integers(0, 10_000), varied=st.booleans())
@settings(max_examples=20, deadline=None)
def test_a_string_is_of_one_speaker_and_fits(seed: int, varied: bool) -> None:
    found = composed(
        marked([8000, 3000, 900, 8000]), 14, np.random.default_rng(seed), varied=varied
    )
    assert found.sounds.shape == (14, digit_strings.NUM_FRAMES * 160)
    for digits, ends in zip(found.digits, found.ends_ms, strict=True):
        said = digits[digits > 0] - 1
        assert set(said.tolist()) <= {0, 1} or set(said.tolist()) <= {2, 3}
        assert len(said) == (ends > 0).sum() > 0
        assert (np.diff(ends[: len(said)]) > 0).all()
        assert ends.max() <= 6400


def test_there_are_as_many_of_each_length() -> None:
    strings = digit_strings.strings_of("test", "tiny")
    lengths = (strings.digits > 0).sum(axis=1)
    assert np.bincount(lengths, minlength=LONGEST + 1)[1:].tolist() == LONGEST * [10]


def test_the_same_strings_come_again() -> None:
    again = digit_strings.strings_of.__wrapped__("test", "tiny")
    np.testing.assert_array_equal(again.sounds, digit_strings.strings_of("test", "tiny").sounds)


def test_a_digit_ends_where_its_recording_does() -> None:
    found = composed(marked([2000] * 4), 7, np.random.default_rng(0))
    for sound, digits, ends in zip(found.sounds, found.digits, found.ends_ms, strict=True):
        for digit, end in zip(digits[digits > 0], ends, strict=False):
            place = round(8 * float(end)) - 1000  # the middle of the recording
            assert sound[place] == pytest.approx(digit / 10, abs=0.05)


def test_the_steps_say_the_digits_in_their_order() -> None:
    strings = digit_strings.strings_of("train", "tiny")
    said = ctc_greedy(np.eye(11)[strings.said])
    assert transcripts.error_rate(said, strings.digits) < 1


symbols = st.lists(st.integers(1, 3), max_size=6)


@given(said=symbols, meant=symbols, third=symbols)
def test_the_edit_distance_is_a_distance(
    said: list[int], meant: list[int], third: list[int]
) -> None:
    distance = transcripts.edit_distance
    assert distance(said, said) == 0
    assert (distance(said, meant) == 0) == (said == meant)
    assert distance(said, meant) == distance(meant, said)
    assert distance(said, third) <= distance(said, meant) + distance(meant, third)
    assert abs(len(said) - len(meant)) <= distance(said, meant) <= max(len(said), len(meant))


@given(said=symbols, edits=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), max_size=3))
def test_as_many_edits_are_counted_at_most(said: list[int], edits: list[tuple[int, int]]) -> None:
    edited = list(said)
    for place, symbol in edits:
        edited.insert(min(place, len(edited)), symbol)
    assert transcripts.edit_distance(said, edited) == len(edits)


def test_the_error_rate_counts_digits_and_the_score_is_that_of_the_worse_way() -> None:
    meant = np.array([[1, 2, 0], [3, 3, 3]])
    said = np.array([[1, 2, 2, 0], [3, 3, 0, 0]])
    assert transcripts.error_rate(said, meant) == pytest.approx(40)
    dataset = digit_strings.digit_strings("test", "tiny").head(14)
    right, wrong = (run(dataset.inputs)["scores"] for run in transcripts.answer_key(dataset))
    for scores, streamed in itertools.permutations([right, wrong]):
        run, _ = fixed({"scores": scores, "streamed": streamed}, {})
        assert transcripts.score(run, dataset) > 50


def test_the_delay_is_counted_from_the_end_of_the_digit() -> None:
    probabilities = np.eye(11)[[[0, 0, 5, 5, 0, 6], [7, 0, 0, 0, 0, 0]]]
    ends_ms = np.array([[100.0, 230.0], [50.0, 0.0]])
    delays = transcripts.delays_ms(probabilities, ends_ms)
    np.testing.assert_allclose(delays, [20, 10, -10])


def test_what_is_shown_tells_both_ways() -> None:
    dataset = digit_strings.digit_strings("test", "tiny").head(3)
    right, _ = transcripts.answer_key(dataset)
    drawings = transcripts.show(dataset.inputs, right(dataset.inputs))
    for drawing, digits in zip(drawings, dataset.target("digits"), strict=True):
        text = "".join(str(digit - 1) for digit in digits if digit)
        assert drawing.text == f"at once {text}, streamed {text}"
        assert list(drawing.captions) == list(text)


def test_the_baseline_names_some_digits() -> None:
    assert 5 < between_pauses("tiny", lambda fraction, doing: None) < 90


@given(st.lists(st.booleans(), max_size=40))
def test_pieces_are_loud_and_long_and_apart(loud: list[bool]) -> None:
    mask = np.array(loud, bool)
    found = pieces(mask)
    assert all(mask[piece].all() and piece.stop - piece.start >= 4 for piece in found)
    assert all(one.stop < other.start for one, other in itertools.pairwise(found))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves
def test_step_after_step_is_the_forward_direction() -> None:
    from edgekit.source_model.reference import run_model

    recipe: Recipe = registry.get("recipes", "speech_ctc")
    assert recipe.parts is not None
    model = recipe.build("tiny")
    rng = np.random.default_rng(0)
    model.set_weights([np.abs(rng.normal(0, 0.2, w.shape)) for w in model.get_weights()])
    parts = recipe.parts.split(model)
    run = recipe.parts.drive(
        {name: lambda batch, part=part: run_model(part, batch) for name, part in parts.items()}  # type: ignore[misc]
    )
    inputs = digit_strings.digit_strings("test", "tiny").head(2).inputs
    answers, trained = run(inputs), run_model(model, inputs)
    assert np.ptp(answers["streamed"]) > 0.1
    for name in ("scores", "streamed"):
        np.testing.assert_allclose(answers[name], trained[name], atol=1e-5)
