"""The sea's temperature as windows, its score, and the program that forecasts on the device."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Batch
from edgekit.domains.series.sea_temperature import SHARES, mase, windows
from edgekit.on_device import answering
from edgekit.on_device.programs import forecast

HOUR = np.datetime64("2016-07-01T00", "h")


def _readings(hours: list[float], values: list[float]) -> tuple[Array, Array]:
    seconds = np.round(np.array(hours) * 3600).astype("timedelta64[s]")
    return HOUR.astype("datetime64[s]") + seconds, np.array(values)


def _last_hour_of_the_day_before(batch: Batch) -> Batch:
    return {"change": batch["window"][:, -24:, 0]}


def test_readings_of_an_hour_become_its_mean_and_a_missing_hour_stays_missing() -> None:
    hours, means = forecast.hourly_means(*_readings([0, 0.5, 3, 1.25], [4, 6, 9, 7]))
    np.testing.assert_array_equal(hours, HOUR + np.arange(4))
    np.testing.assert_array_equal(means, [5, 7, np.nan, 9])


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(-5, 35)), min_size=1, max_size=40))
def test_hourly_means_stay_within_the_readings_whatever_their_order(
    readings: list[tuple[float, float]],
) -> None:
    times, values = _readings([r[0] for r in readings], [r[1] for r in readings])
    _, means = forecast.hourly_means(times, values)
    assert np.nanmin(means) >= values.min() - 1e-9
    assert np.nanmax(means) <= values.max() + 1e-9
    _, again = forecast.hourly_means(times[::-1], values[::-1])
    np.testing.assert_allclose(again, means)


def test_no_window_spans_the_gap_and_splits_share_no_hour() -> None:
    counts = {split: len(windows(split, "full")) for split in ("train", "validation", "test")}
    hours = 9625
    spans = {
        name: round(end * hours) - round(start * hours) for name, (start, end) in SHARES.items()
    }
    lost = {name: spans[name] - 95 - counts[name] for name in counts}
    assert lost == {"train": 11 + 95, "validation": 0, "test": 0}  # 12 hours of July lack readings
    for split in ("train", "validation", "test"):
        assert np.abs(np.diff(windows(split, "full").inputs["window"], axis=1)).max() < 3


def test_windows_continue_in_what_followed() -> None:
    test = windows("test", "full")
    window, future = test.inputs["window"][..., 0], test.target()
    assert not window[:, -1].any()
    np.testing.assert_allclose(window[24, -24:] - window[24, -25], future[0], atol=1e-5)


def test_yesterday_scores_one_and_the_truth_zero() -> None:
    test = windows("test", "tiny")
    assert mase(test.inputs["window"][:, -24:, 0], test) == pytest.approx(1.0)
    assert mase(test.target(), test) == 0.0


def test_half_of_yesterdays_error_scores_a_half() -> None:
    window = np.zeros((1, 72, 1), np.float32)
    dataset = Dataset(inputs={"window": window}, targets=np.full((1, 24), 2.0))
    assert mase(np.full((1, 24), 1.0), dataset) == pytest.approx(0.5)


@given(st.floats(-2, 30))
def test_a_forecast_moves_with_the_level_of_the_temperature(level: float) -> None:
    past = np.sin(np.arange(72) * np.pi / 12)[np.newaxis]
    expected = forecast.forecast(_last_hour_of_the_day_before, past)
    moved = forecast.forecast(_last_hour_of_the_day_before, past + level)
    np.testing.assert_allclose(moved, expected + level, atol=1e-5)
    np.testing.assert_allclose(expected, past[:, -24:], atol=1e-6)


def test_a_forecast_needs_every_hour() -> None:
    past = np.zeros((1, 72))
    past[0, 5] = np.nan
    with pytest.raises(ValueError, match="last 72 hours are not complete"):
        forecast.relative(past)
    with pytest.raises(ValueError, match="needs a reading in each"):
        forecast.relative(np.zeros((1, 71)))


def test_the_program_prints_a_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    csv = tmp_path / "readings.csv"
    lines = [f"{HOUR + hour}:30:00Z,{10 + hour % 24}" for hour in range(80)]
    csv.write_text("\n".join(["time,celsius", *lines]))
    monkeypatch.setattr(answering, "load", lambda *_, **__: {"model": _last_hour_of_the_day_before})
    monkeypatch.setattr(answering, "describe", lambda *_: {})
    forecast.main([str(csv)])
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 24
    assert printed[0].split() == [f"{HOUR + 80}:00", f"{10 + 80 % 24:.2f}"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("time,celsius\n2016-01-01T00:00Z,warm", "not a time and a number"),
        ("time,celsius\n2016-01-01T00:00Z", "not a time and a number"),
        ("time,celsius\n", "no readings"),
        ("time,celsius\n2016-01-01T00:00Z,4.5", "not complete"),
    ],
)
def test_the_program_says_what_is_wrong_with_its_readings(
    text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "readings.csv").write_text(text)
    monkeypatch.setattr(answering, "load", lambda *_, **__: {"model": _last_hour_of_the_day_before})
    monkeypatch.setattr(answering, "describe", lambda *_: {})
    with pytest.raises(SystemExit, match=sentence):
        forecast.main([str(tmp_path / "readings.csv")])
