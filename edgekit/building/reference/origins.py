"""Which public data a training read: what they are, where they come from, under which licence."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from edgekit.core.recipe import Origin
from edgekit.domains.upstream.data_set import folders
from edgekit.domains.upstream.table import SAMPLES, SETS

OUR_OWN = "our own"
"""How the source of a file begins that was made of other data, such as a list of words."""


@contextlib.contextmanager
def opened_files() -> Iterator[set[str]]:
    """Give the set of the paths of all files that Python opens while the block runs.

    What asks is an audit hook, which a process cannot take back: this is for a child.
    """
    paths: set[str] = set()
    watching = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "open" and isinstance(path := arguments[0], str | os.PathLike):
            paths.add(os.fspath(path))

    sys.addaudithook(hook)
    try:
        yield paths
    finally:
        watching = False


def origins_of(paths: set[str]) -> tuple[Origin, ...]:
    """Return the public data among files, each once; what edgekit made of them is left out."""
    opened = {os.path.realpath(path) for path in paths}

    def was_read(name: str) -> bool:
        return any(os.path.realpath(folder / name) in opened for folder in folders())

    found = [
        Origin(what=data_set.what, source=data_set.source, licence=data_set.licence)
        for data_set in SETS
        if any(was_read(file.path) for file in data_set.files)
    ]
    found += [
        Origin(what=sample.what, source=sample.source, licence=sample.licence)
        for sample in SAMPLES
        if not sample.source.startswith(OUR_OWN) and was_read(sample.path)
    ]
    return tuple(dict.fromkeys(found))
