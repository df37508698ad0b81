"""Make a bundle for a board that runs Python: the plain bundle, and all that runs it there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgekit.bundling.bundle_json import copy_models, write_facts
from edgekit.bundling.contents import Contents, Fits, contents_of
from edgekit.bundling.folder import new_bundle
from edgekit.bundling.golden import write_golden
from edgekit.bundling.readme import write_readme
from edgekit.core.paths import packaged
from edgekit.core.recipe import Program
from edgekit.on_device.board.runner import PICTURE
from edgekit.reporting.templates import filled
from edgekit.verbs.run.bundles import program_called

TEMPLATES = "bundling/board"
RUNNER = "run.py"
REQUIREMENTS = ("requirements-os12.txt", "requirements-os13.txt")
"""What to install on Raspberry Pi OS 12 with Python 3.11, and on 13 with Python 3.13."""
WITHOUT = Program(name="arrays", example=("golden/vectors.npz",))
"""The program of a build that brings none."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """What is special about the bundles of a kind of board.

    Attributes:
        name: As the README calls it.
        fits: Which variants are right there.
        modules: Of `edgekit.on_device`, beside the program.
        accelerator: Python expression of the runner's accelerator, and what it imports.
        add: `(bundle, contents)`: copies what else belongs there.
        notes: Template of what the README says besides; "" for nothing.
    """

    name: str
    fits: Fits
    modules: Sequence[str] = ("board/runner.py",)
    accelerator: Mapping[str, str] = field(default_factory=dict)
    add: Callable[[Path, Contents], None] = lambda _folder, _contents: None
    notes: str = ""


def package_for(board: Board, run_dir: Path, out: Path, variants: Sequence[str]) -> Path:
    """Make a bundle for a board.

    Args:
        board: What is special about it.
        run_dir: A build's folder such as `runs/image_cnn`.
        out: The folder to make; an earlier bundle there is replaced, anything else is left alone.
        variants: Those to pack; all that are right on the board if empty.

    Raises:
        NotFound: The run folder lacks its report, vectors or a file of a variant.
        BadInput: No variant is right there, one that was named is not, or `out` is no bundle.
        BadData: A file is not the one that was measured.
    """
    contents = contents_of(run_dir, variants, fits=board.fits)
    contents = replace(contents, program=contents.program or WITHOUT)
    with new_bundle(out, contents) as folder:
        contents.copy_program(folder, *board.modules)
        models = copy_models(folder, contents.variants)
        facts = write_facts(folder, contents, models, write_golden(folder, contents.vectors))
        contents.copy_report(folder)
        board.add(folder, contents)
        values = _values(board, contents)
        for name, template in {RUNNER: "run.py.jinja", _service(contents): "service.jinja"}.items():
            text = filled(TEMPLATES, template, values, escape=False)
            (folder / name).write_text(text, encoding="utf-8")
        for name in REQUIREMENTS:
            text = packaged(*TEMPLATES.split("/"), name).read_text(encoding="utf-8")
            (folder / name).write_text(text, encoding="utf-8")
        use = filled(TEMPLATES, "use.md.jinja", values, escape=False)
        write_readme(folder, contents, facts, use)
    return out


def _values(board: Board, contents: Contents) -> dict[str, object]:
    """Return what the templates are filled with."""
    assert contents.program is not None
    program = program_called(contents.program.name)
    notes = filled(TEMPLATES, board.notes, {}, escape=False) if board.notes else ""
    return {
        "board": board.name,
        "accelerator": board.accelerator,
        "program": contents.program.name,
        "example": " ".join(contents.program.example),
        "takes": program.takes,
        "camera": program.takes.name == PICTURE,
        "draws": program.draws,
        "recipe": _plain(contents.report.recipe),
        "service": _service(contents),
        "requirements": REQUIREMENTS,
        "notes": notes,
    }


def _service(contents: Contents) -> str:
    return f"{_plain(contents.report.recipe)}.service"


def _plain(recipe: str) -> str:
    """Return a recipe's name as a unit and a folder may be called."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", recipe).strip("-") or "model"
