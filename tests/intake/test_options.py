"""Options as a file's description keeps them, and as the command line takes them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from edgekit.core.errors import BadData
from edgekit.intake.options import PLAIN, Options, arguments, noted, read_noted

MANY = Options(
    io="uint8",
    allow_select_ops=True,
    recurrent="fast",
    pixels="-1..1",
    signature="serve",
    shapes={"image": (1, 8, 8, 3), "": (1, 4)},
    keep_float=("a", "b c"),
    split_outputs=True,
)


def test_what_is_noted_is_read_again() -> None:
    assert read_noted(noted(MANY)) == MANY
    assert noted(PLAIN) == ""
    assert read_noted("") == PLAIN


def test_no_program_is_named_by_a_file() -> None:
    """A description lies beside a file, which may be a stranger's."""
    assert noted(Options(custom=Path("evil.py"), evaluation=Path("answers.npz"))) == ""
    assert read_noted('{"custom": "evil.py", "pixels": "0..1"}') == Options(pixels="0..1")


@pytest.mark.parametrize("text", ["{", '{"io": "float64"}', '{"keep_float": "conv"}', "[1]"])
def test_a_description_that_was_edited_is_refused(text: str) -> None:
    with pytest.raises(BadData, match="convert the model again"):
        read_noted(text)


def test_arguments_are_those_of_the_command_line() -> None:
    assert shlex.join(arguments(MANY)) == (
        "--io uint8 --select-ops --recurrent fast --pixels=-1..1 --signature serve "
        "--shape image=1,8,8,3 --shape 1,4 --keep-float a --keep-float 'b c' --split-outputs"
    )
    assert arguments(PLAIN) == []


def test_options_that_are_given_go_before_those_that_are_noted() -> None:
    both = MANY.under(Options(pixels="torch", custom=Path("layers.py")))
    assert (both.pixels, both.custom, both.recurrent) == ("torch", Path("layers.py"), "fast")
