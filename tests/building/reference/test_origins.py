"""Which public data a training read is told from the files that it opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.building.reference.origins import opened_files, origins_of
from edgekit.core import registry
from edgekit.core.child_process import Child
from edgekit.core.recipe import Origin
from edgekit.domains.upstream.table import SAMPLES


def origins_in(recipe: str) -> tuple[Origin, ...]:
    with opened_files() as paths:
        registry.get("recipes", recipe).data("test", "tiny")
    return origins_of(paths)


@pytest.mark.parametrize(
    ("recipe", "source"),
    [
        ("image_cnn", "Xiao, Rasul, Vollgraf"),
        ("forecast_lstm", "NERACOOS"),
        ("keywords_cnn", "Jackson et al."),
        ("pose_lift3d", "Carnegie Mellon"),
    ],
)
def test_the_data_of_a_recipe_are_named_with_their_licence(recipe: str, source: str) -> None:
    (origin,) = Child().call(origins_in, recipe)  # a process that has read nothing yet
    assert source in origin.source
    assert origin.licence


def test_a_users_own_files_and_what_was_opened_later_are_no_public_data(tmp_path: Path) -> None:
    (tmp_path / SAMPLES[0].path).write_bytes(b"own")
    with opened_files() as paths:
        (tmp_path / SAMPLES[0].path).read_bytes()
    registry.get("recipes", "image_cnn").data("test", "tiny")
    assert str(tmp_path / SAMPLES[0].path) in paths
    assert not origins_of(paths)
