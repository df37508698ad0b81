"""A data set whose files stand in a repository as they are used here."""

from __future__ import annotations

from functools import partial

from edgekit.domains.upstream.archives import repack
from edgekit.domains.upstream.data_set import DataFile, DataSet


def archived(
    name: str,
    *,
    what: str,
    licence: str,
    source: str,
    size_bytes: int,
    url: str,
    used: str,
    sha256: str,
    path: str = "",
) -> DataSet:
    """Return the set: one archive with what is used of another.

    Args:
        name: Of the set.
        what: As of `DataSet`.
        licence: As of `DataSet`.
        source: As of `DataSet`.
        size_bytes: As of `DataSet`.
        url: A `.tar.gz` of the repository.
        used: A regular expression of the names that are used, without the top folder.
        sha256: Of the content of `path`.
        path: Of the archive here; called after the set if left out.
    """
    path = path or f"{name}.tar.gz"
    return DataSet(
        name=name,
        what=what,
        licence=licence,
        source=source,
        size_bytes=size_bytes,
        files=(DataFile(path=path, sha256=sha256, used=used),),
        urls=(url,),
        convert=partial(repack, path=path, used=used),
    )
