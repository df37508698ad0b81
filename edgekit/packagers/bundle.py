"""Folder that any program takes: verified models, all about them, golden vectors, a program.

Nothing of edgekit, Python or NumPy is needed to read it. A recipe that needs a tokenizer, features
or a loop brings them as a Python program that needs NumPy and a runtime alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from edgekit.bundling.bundle_json import copy_models, write_facts
from edgekit.bundling.contents import contents_of, right_somewhere
from edgekit.bundling.folder import new_bundle
from edgekit.bundling.golden import write_golden
from edgekit.bundling.readme import write_readme
from edgekit.core.kinds import Packager
from edgekit.core.paths import packaged

REQUIREMENTS = "requirements.txt"
"""What pip installs for the program, by Python and system."""


def package(run_dir: Path, out: Path, variants: Sequence[str] = ()) -> Path:
    """Make the bundle of a build: every variant that was measured and found right somewhere.

    Args:
        run_dir: A build's folder such as `runs/image_cnn`.
        out: The folder to make; an earlier bundle there is replaced, anything else is left alone.
        variants: Those to pack; all that are verified if empty.

    Returns:
        `out`.

    Raises:
        NotFound: The run folder lacks its report, vectors or a file of a variant.
        BadInput: No variant is verified, one that was named is not, or `out` holds something else
            than a bundle.
        BadData: A file is not the one that was measured.
    """
    contents = contents_of(run_dir, variants)
    with new_bundle(out, contents) as folder:
        contents.copy_program(folder)
        if contents.program:
            shutil.copyfile(packaged("bundling", REQUIREMENTS), folder / REQUIREMENTS)
        models = copy_models(folder, contents.variants)
        golden = write_golden(folder, contents.vectors)
        facts = write_facts(folder, contents, models, golden)
        write_readme(folder, contents, facts)
        contents.copy_report(folder)
    return out


packager = Packager(
    takes=lambda report: right_somewhere(report.rows), package=package, with_builds=True
)
