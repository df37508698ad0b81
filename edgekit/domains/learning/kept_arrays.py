"""Arrays that take long to make, kept on this machine for the processes of every later build."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from edgekit.core.paths import atomic, home, packaged, sha256
from edgekit.core.types import Array, Batch


def kept(name: str, facts: object, code: Sequence[str], make: Callable[[], Batch]) -> Batch:
    """Return arrays by name, made now or by an earlier process from the same facts and code.

    Args:
        name: Of the file in edgekit's cache, before a digest of the rest.
        facts: What decides the arrays; its `repr` must say all of it, so give digests of arrays.
        code: Modules of edgekit that make them, such as `domains/vision/boxed_pictures.py`: when
            one is edited, they are made anew.
        make: Makes them.
    """
    sums = [sha256(packaged(*module.split("/"))) for module in code]
    digest = hashlib.sha256(repr((facts, sums)).encode()).hexdigest()[:16]
    path = home() / "arrays" / f"{name}-{digest}.npz"
    if not path.is_file():
        with atomic(path) as temporary:
            np.savez(temporary, **make())  # type: ignore[arg-type]  # taken for allow_pickle
    with np.load(path, allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}


def digest_of(array: Array) -> str:
    """Return a SHA-256 of an array's values, type and shape, in hex."""
    facts = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(facts + np.ascontiguousarray(array).tobytes()).hexdigest()
