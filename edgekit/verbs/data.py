"""List the public data sets, and get them: download, convert, check, keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.core.errors import EdgekitError, NotFound, Unavailable, did_you_mean
from edgekit.core.parallel import part
from edgekit.core.types import Progress, several, silent
from edgekit.domains.upstream import data_set as sets
from edgekit.domains.upstream.data_set import DataSet
from edgekit.domains.upstream.table import SETS


@dataclass(frozen=True, kw_only=True)
class Data:
    """A public data set, and whether it is here.

    Attributes:
        name: What `data_get` calls it.
        what: What is in it.
        size_bytes: Of its files here; a download may be larger.
        licence: Of the data.
        source: Who made it, and where it is told of.
        urls: What is downloaded; empty if it ships with edgekit.
        here: Whether all its files are on this machine. `data_get` checks what they hold.
        paths: Where they are; empty unless it is here.
    """

    name: str
    what: str
    size_bytes: int
    licence: str
    source: str
    urls: tuple[str, ...]
    here: bool
    paths: tuple[str, ...]


def data_list() -> list[Data]:
    """Return every public data set, by name."""
    return [_data(data_set) for data_set in SETS]


def data_get(names: str | Sequence[str], progress: Progress = silent) -> list[Data]:
    """Get data sets: what is not here is downloaded, converted and kept in edgekit's cache.

    What is here already, also in the folder named by `EDGEKIT_DATA`, is checked. A download that
    broke off goes on where it was. If one data set fails, the others are got before that is said.

    Args:
        names: One or several, of `data_list`.
        progress: Told how far it is.

    Returns:
        The data sets, with the paths of their files.

    Raises:
        NotFound: There is no data set by one of the names.
        BadData: A copy, or what the upstream holds, is not what edgekit was published with.
        Unavailable: The upstream cannot be reached, or the disk is full.

    Example:
        >>> data_get("sea-temperature")[0].here
        True
    """
    chosen = [_named(name) for name in dict.fromkeys(several(names))]
    failures: list[EdgekitError] = []
    for k, data_set in enumerate(chosen):
        steps = part(progress, k / len(chosen), (k + 1) / len(chosen))
        try:
            for file in data_set.files:
                sets.locate(data_set, file.path, steps)
        except EdgekitError as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        sentences = " ".join(map(str, failures))
        raise Unavailable(f"{len(failures)} of {len(chosen)} data sets are missing. {sentences}")
    return [_data(data_set) for data_set in chosen]


def _named(name: str) -> DataSet:
    for data_set in SETS:
        if data_set.name == name:
            return data_set
    known = [data_set.name for data_set in SETS]
    raise NotFound(
        f"There is no data set '{name}'; there are: {', '.join(known)}.{did_you_mean(name, known)}"
    )


def _data(data_set: DataSet) -> Data:
    paths = [sets.present(file) for file in data_set.files]
    here = all(paths)
    return Data(
        name=data_set.name,
        what=data_set.what,
        size_bytes=data_set.size_bytes,
        licence=data_set.licence,
        source=data_set.source,
        urls=data_set.urls,
        here=here,
        paths=tuple(map(str, paths)) if here else (),
    )
