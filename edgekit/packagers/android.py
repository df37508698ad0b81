"""Folder an Android app takes: verified models that LiteRT's Kotlin API can run, as data alone.

`android-demo/` reads it from its assets or from a zip. All that an app does before and after the
models stands in `bundle.json`, so there is no program in it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgekit.bundling.bundle_json import SCHEMA_NAME, copy_models, write_facts
from edgekit.bundling.contents import (
    Contents,
    VerifiedVariant,
    contents_of,
    right_somewhere,
)
from edgekit.bundling.folder import new_bundle
from edgekit.bundling.golden import write_golden
from edgekit.bundling.readme import write_readme
from edgekit.core.errors import BadInput
from edgekit.core.kinds import Packager
from edgekit.core.paths import write_json
from edgekit.core.records import to_json
from edgekit.on_device.interpreter import BUNDLE, LABELS
from edgekit.tflite.reader import ports, read

TYPES = ("float32", "int32", "int8", "bool")
"""What a `TensorBuffer` of LiteRT's Kotlin API 2.3 reads and writes.

Source: https://github.com/google-ai-edge/LiteRT, litert/kotlin, TensorBuffer.kt.
"""


def package(run_dir: Path, out: Path, variants: Sequence[str] = ()) -> Path:
    """Make the bundle of a build for an Android app.

    Args:
        run_dir: A build's folder such as `runs/image_cnn`.
        out: The folder to make; an earlier bundle there is replaced, anything else is left alone.
        variants: Those to pack; all that are verified if empty.

    Returns:
        `out`.

    Raises:
        NotFound: The run folder lacks its report, vectors or a file of a variant.
        BadInput: No variant is verified, none has inputs and outputs that an app can reach, or
            `out` holds something else than a bundle.
        BadData: A file is not the one that was measured.
    """
    contents = _reachable(contents_of(run_dir, variants))
    with new_bundle(out, contents) as folder, tempfile.TemporaryDirectory() as scratch:
        inside = Path(scratch)
        contents.copy_program(inside)
        models = copy_models(folder, contents.variants)
        golden = write_golden(folder, contents.vectors)
        facts = replace(write_facts(inside, contents, models, golden), program=None)
        write_json(folder / BUNDLE, to_json(facts))
        read = (SCHEMA_NAME, LABELS if facts.labels else "", getattr(facts.before, "subwords", ""))
        for name in filter(None, read):
            shutil.copyfile(inside / name, folder / name)
        write_readme(folder, contents, facts)
        contents.copy_report(folder)
    return out


def _reachable(contents: Contents) -> Contents:
    """Leave out variants whose inputs or outputs the Kotlin API cannot pass on."""
    variants = tuple(each for each in contents.variants if not _unreachable(each))
    if not variants:
        lacking = ", ".join(f"{v.name} ({_unreachable(v)})" for v in contents.variants)
        raise BadInput(
            f"No verified variant in '{contents.run_dir}' can be asked by an Android app, which "
            f"passes on {', '.join(TYPES)}: {lacking}. Build another variant, such as int8."
        )
    return replace(contents, variants=variants)


def _unreachable(variant: VerifiedVariant) -> str:
    """Return a type of an input or output that is not among `TYPES`; "" if there is none."""
    files = (read(artifact.path) for artifact in variant.files.values())
    types = (port.dtype for file in files for side in ports(file) for port in side)
    return next((dtype for dtype in types if dtype not in TYPES), "")


packager = Packager(takes=lambda report: right_somewhere(report.rows), package=package)
