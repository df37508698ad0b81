"""Microcontroller: C arrays, and an example for TensorFlow Lite Micro that checks itself.

The example registers exactly the operators that the model needs, in the least working memory with
which it ran here. Where TensorFlow Lite Micro lacks an operator there is no example, and the
operator is named.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from edgekit.bundling.bundle_json import copy_models, write_facts
from edgekit.bundling.contents import (
    Contents,
    VerifiedVariant,
    contents_of,
    right_somewhere,
)
from edgekit.bundling.folder import new_bundle
from edgekit.bundling.golden import write_golden
from edgekit.bundling.micro.files import CModel, write_example, write_labels, write_model
from edgekit.bundling.micro.resolver import operators_of
from edgekit.bundling.micro.trial import RUNTIME, TARGET, Trial, tried
from edgekit.core import registry
from edgekit.core.errors import Unavailable
from edgekit.core.kinds import Packager
from edgekit.core.paths import write_json
from edgekit.core.records import to_json
from edgekit.on_device.interpreter import BUNDLE
from edgekit.reporting.templates import filled
from edgekit.running.quantization import number_ports
from edgekit.tflite.reader import read
from edgekit.verbs.check import is_accepted


def package(run_dir: Path, out: Path, variants: Sequence[str] = ()) -> Path:
    """Make the folder, of the smallest variant that TensorFlow Lite Micro takes.

    Args:
        run_dir: A build's folder such as `runs/image_cnn`.
        out: The folder to make; an earlier bundle there is replaced, anything else is left alone.
        variants: Those to choose from; all that are verified if empty.

    Returns:
        `out`.

    Raises:
        NotFound: The run folder lacks its report, vectors or a file of a variant.
        BadInput: No variant is verified, or `out` holds something else than a bundle.
        BadData: A file is not the one that was measured, or C has no arrays of what it takes.
        Unavailable: TensorFlow Lite Micro is not here, so that no arena can be measured.
    """
    if missing := registry.get("runtimes", RUNTIME).missing():
        raise Unavailable(missing)
    contents = contents_of(run_dir, variants)
    variant = _chosen(contents)
    contents = replace(contents, variants=(variant,))
    trials = {
        part: tried(artifact.path, contents.vectors[part][0])
        for part, artifact in variant.files.items()
    }
    with new_bundle(out, contents) as folder, tempfile.TemporaryDirectory() as scratch:
        inside = Path(scratch)
        contents.copy_program(inside)
        models = copy_models(folder, contents.variants)
        golden = write_golden(folder, contents.vectors)
        facts = replace(write_facts(inside, contents, models, golden), program=None)
        write_json(folder / BUNDLE, to_json(facts))
        contents.copy_report(folder)
        _write_code(folder, contents, variant, trials)
    return out


def _write_code(
    folder: Path, contents: Contents, variant: VerifiedVariant, trials: Mapping[str, Trial]
) -> None:
    files = {part: variant.file_name(part) for part in trials}
    names = {part: write_model(folder, part, files[part], trials[part]) for part in trials}
    write_labels(folder, contents.labels)
    loaded = {part: read(artifact.path) for part, artifact in variant.files.items()}
    runs = not any(trial.refusal for trial in trials.values())
    models: tuple[CModel, ...] = ()
    if runs:
        sides = {part: number_ports(model) for part, model in loaded.items()}
        models = write_example(folder, trials, files, sides)
    rows = [
        {
            "file": files[part],
            "name": names[part],
            "size": len(trial.content),
            "arena": trial.arena_bytes,
            "operators": operators_of(loaded[part]),
            "refusal": trial.refusal,
            "lacking": trial.lacking,
        }
        for part, trial in trials.items()
    ]
    values = {
        "recipe": contents.report.recipe,
        "variant": variant.name,
        "rows": rows,
        "models": models,
        "runtime": next(trial.runtime for trial in trials.values()),
    }
    text = filled("bundling/micro", "use.md.jinja", values, escape=False)
    (folder / "README.md").write_text(text, encoding="utf-8")


def _chosen(contents: Contents) -> VerifiedVariant:
    """Return the smallest variant, of those that the tables accept if there are any."""

    def accepted(variant: VerifiedVariant) -> bool:
        return all(is_accepted(file.path, TARGET) for file in variant.files.values())

    possible = [variant for variant in contents.variants if accepted(variant)]
    return min(
        possible or contents.variants,
        key=lambda each: sum(file.size_bytes for file in each.files.values()),
    )


packager = Packager(takes=lambda report: right_somewhere(report.rows), package=package)
