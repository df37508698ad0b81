"""Public data sets are downloaded, converted and checked; nothing hostile gets through."""

from __future__ import annotations

import gzip
import hashlib
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import BadData, Unavailable
from edgekit.core.paths import packaged
from edgekit.domains.upstream import archives, content, fetching
from edgekit.domains.upstream.data_set import DataFile, DataSet, locate
from edgekit.domains.upstream.table import SAMPLES, SETS, readme
from tests.support.upstream import Upstream, published, serving, tar_gz

URL = "https://upstream.example/set/x.bin"
CONTENT = os.urandom(300_000)
REAL = Path(os.environ.get("EDGEKIT_DATA", "/nowhere"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EDGEKIT_DATA", str(tmp_path / "given"))
    return tmp_path / "home"


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    with serving() as server:
        monkeypatch.setenv("EDGEKIT_UPSTREAM", server.address)
        server.publish(URL, CONTENT)
        yield server


def plain(content: bytes = CONTENT) -> DataSet:
    return DataSet(
        name="plain",
        what="random bytes",
        licence="none",
        source="this test",
        size_bytes=len(content),
        files=(DataFile(path="set/x.bin", sha256=hashlib.sha256(content).hexdigest()),),
        urls=(URL,),
    )


def archived(files: dict[str, bytes], used: str = "data/.*") -> DataSet:
    """Return a set whose one file is an archive of what is used of the upstream's."""
    lines = "".join(f"{hashlib.sha256(files[n]).hexdigest()}  {n}\n" for n in sorted(files))
    sha256 = hashlib.sha256(lines.encode()).hexdigest()
    return replace(
        plain(),
        files=(DataFile(path="set.tar.gz", sha256=sha256, used=used),),
        convert=partial(archives.repack, path="set.tar.gz", used=used),
    )


def put(folder: Path, content: bytes = CONTENT) -> Path:
    path = folder / "set" / "x.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def left_over(home: Path) -> list[str]:
    """Return what lies in the cache besides locks."""
    return [p.name for p in home.rglob("*") if p.is_file() and p.suffix != ".lock"]


# Where a file is looked for.


def test_edgekit_data_comes_before_the_cache(tmp_path: Path) -> None:
    put(tmp_path / "home" / "data")
    assert locate(plain()) == tmp_path / "home" / "data" / "set" / "x.bin"
    given_copy = put(tmp_path / "given")
    assert locate(plain()) == given_copy


def test_a_wrong_copy_is_refused_wherever_it_is(tmp_path: Path) -> None:
    put(tmp_path / "given", b"tampered")
    with pytest.raises(BadData, match="expected"):
        locate(plain())


def test_it_is_downloaded_once_and_checked(upstream: Upstream, tmp_path: Path) -> None:
    told: list[str] = []
    path = locate(plain(), progress=lambda _, doing: told.append(doing))
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(tmp_path / "home")
    assert "plain: 100 % of 0.3 MB from upstream.example" in told
    upstream.files.clear()
    assert locate(plain()) == path
    assert left_over(tmp_path / "home") == ["x.bin"]


def test_a_changed_upstream_leaves_nothing_behind(upstream: Upstream, home: Path) -> None:
    upstream.publish(URL, b"something else")
    with pytest.raises(BadData, match=r"upstream.example.*hold now cannot be used.*EDGEKIT_DATA"):
        locate(plain())
    assert left_over(home) == []
    upstream.publish(URL, CONTENT)
    assert locate(plain()).read_bytes() == CONTENT


# Downloads that do not go well.


def test_no_network_says_where_to_put_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_UPSTREAM", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"cannot be reached.*network.*EDGEKIT_DATA"):
        locate(plain())


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, r"not there any more \(404\).*EDGEKIT_DATA"),
        (503, r"answered 503; try again later"),
        (403, r"answered 403"),
    ],
)
def test_a_refusal_is_told(upstream: Upstream, home: Path, status: int, words: str) -> None:
    upstream.status = status
    with pytest.raises(Unavailable, match=words):
        locate(plain())
    assert [n for n in left_over(home) if (home / n).exists()] == []


def test_broken_connections_are_continued(upstream: Upstream) -> None:
    upstream.cut_after = 1 << 17
    assert locate(plain()).read_bytes() == CONTENT
    assert [asked for _, asked in upstream.asked] == ["", "bytes=131072-", "bytes=262144-"]


def test_one_that_always_breaks_at_the_start_is_told(upstream: Upstream) -> None:
    upstream.cut_after = 0
    with pytest.raises(Unavailable, match="cannot be reached"):
        locate(plain())


def test_a_server_without_ranges_sends_all_again(upstream: Upstream, home: Path) -> None:
    part = home / "data" / ".downloads" / "plain-0.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:1000])
    upstream.ranges = False
    assert locate(plain()).read_bytes() == CONTENT


@pytest.mark.parametrize("kept", [CONTENT, CONTENT + b"more"])
def test_a_part_that_is_whole_or_too_long(upstream: Upstream, home: Path, kept: bytes) -> None:
    part = home / "data" / ".downloads" / "plain-0.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(kept)
    assert locate(plain()).read_bytes() == CONTENT


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip"])
def test_a_server_that_calls_the_archive_an_encoding(upstream: Upstream, encoding: str) -> None:
    upstream.publish(URL, tar_gz(in_top(FILES)))
    upstream.encoding = encoding
    assert locate(archived(FILES)).is_file()


def test_a_server_without_ranges_that_breaks_off_says_so(upstream: Upstream) -> None:
    upstream.ranges, upstream.cut_after = False, 100_000
    with pytest.raises(Unavailable, match=r"broke off after 0.1 MB.*goes on from there"):
        locate(plain())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told(upstream: Upstream, home: Path) -> None:
    part = home / "data" / ".downloads" / "plain-0.bin.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(Unavailable, match=r"No space left.*make room.*EDGEKIT_HOME"):
        locate(plain())


def test_a_cache_that_is_not_a_folder_is_told(home: Path) -> None:
    home.write_text("a file")
    with pytest.raises(Unavailable, match=r"cannot be kept.*EDGEKIT_HOME"):
        locate(plain())


def test_a_killed_download_goes_on(upstream: Upstream, home: Path, tmp_path: Path) -> None:
    cora = next(each for each in SETS if each.name == "pedestrians")
    big = os.urandom(8_000_000)
    upstream.publish(cora.urls[0], big)
    upstream.waits_s = 0.02
    command = [sys.executable, "-m", "edgekit", "data", "get", "pedestrians"]
    part = home / "data" / ".downloads" / "pedestrians-0.avi.part"
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size > 500_000):
            assert time.monotonic() < deadline
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    kept = part.stat().st_size
    assert part.read_bytes() == big[:kept]
    upstream.waits_s = 0
    fetching.download(cora.urls[0], part.with_suffix(""), lambda *_: None)
    assert part.with_suffix("").read_bytes() == big
    assert upstream.asked[-1][1] == f"bytes={kept}-"


# Archives.


FILES = {"data/a.txt": b"a", "data/sub/b.txt": b"b"}


def in_top(files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"set-0a1b/{name}": data for name, data in files.items()}


def link(name: str, kind: bytes, target: str = "../../../etc/passwd") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_what_is_used_of_an_archive_is_kept(upstream: Upstream) -> None:
    others = in_top({"README.md": b"not used"})
    upstream.publish(URL, tar_gz(others | in_top(FILES), link("set-0a1b/docs", tarfile.SYMTYPE)))
    path = locate(archived(FILES))
    with tarfile.open(path) as archive:
        assert archive.getnames() == ["set/data/a.txt", "set/data/sub/b.txt"]


@pytest.mark.parametrize(
    ("files", "others"),
    [
        ({"../outside": b"x"}, ()),
        ({"set-0a1b/data/../../outside": b"x"}, ()),
        ({"/tmp/outside": b"x"}, ()),
        ({"C:\\outside": b"x"}, ()),
        ({"set-0a1b\\..\\..\\outside": b"x"}, ()),
        ({}, (link("set-0a1b/data/l", tarfile.SYMTYPE),)),
        ({}, (link("set-0a1b/data/l", tarfile.LNKTYPE, "set-0a1b/data/a.txt"),)),
        ({}, (link("set-0a1b/data/l", tarfile.FIFOTYPE, ""),)),
        ({}, (link("set-0a1b/data/l", tarfile.CHRTYPE, ""),)),
        ({"other-0a1b/data/a.txt": b"twice"}, ()),
    ],
)
def test_a_hostile_archive_is_refused(
    upstream: Upstream,
    tmp_path: Path,
    files: dict[str, bytes],
    others: tuple[tarfile.TarInfo, ...],
) -> None:
    upstream.publish(URL, tar_gz(in_top(FILES) | files, *others))
    with pytest.raises(BadData, match=r"leads out of it|is no plain file"):
        locate(archived(FILES))
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-4],
        lambda data: b"<html>Sign in</html>",
        lambda data: b"",
        lambda data: data[:-8] + b"\0\0\0\0" + data[-4:],
    ],
)
def test_a_broken_archive_is_refused(
    upstream: Upstream, home: Path, spoil: Callable[[bytes], bytes]
) -> None:
    upstream.publish(URL, spoil(tar_gz(in_top(FILES))))
    with pytest.raises(BadData, match=r"no whole .tar.gz file"):
        locate(archived(FILES))
    assert left_over(home) == []


def test_a_huge_file_in_an_archive_is_refused(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    upstream.publish(URL, tar_gz(in_top(FILES | {"data/zeros": bytes(1001)})))
    with pytest.raises(BadData, match="no plain file"):
        locate(archived(FILES))


# Sums of content.


def test_packing_does_not_change_the_sum(tmp_path: Path) -> None:
    files = in_top(FILES)
    one, two = tmp_path / "one.tar.gz", tmp_path / "two.tar.gz"
    one.write_bytes(tar_gz(files))
    two.write_bytes(tar_gz(dict(reversed(files.items())) | {"set-0a1b/README.md": b""}))
    assert content.sha256_of(one) == content.sha256_of(two, "data/.*")
    assert content.sha256_of(one) != content.sha256_of(two)
    for level, path in ((1, tmp_path / "a.gz"), (9, tmp_path / "b.gz")):
        path.write_bytes(gzip.compress(b"text" * 100, level, mtime=level))
        assert content.sha256_of(path) == hashlib.sha256(b"text" * 100).hexdigest()


def test_an_array_of_another_shape_or_type_has_another_sum(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    sums: set[str] = set()
    for array in (np.zeros(4, "i4"), np.zeros((2, 2), "i4"), np.zeros(4, "f4")):
        np.savez(path.with_stem(f"x{len(sums)}"), x=array)
        sums.add(content.sha256_of(path.with_stem(f"x{len(sums)}")))
    assert len(sums) == 3


@pytest.mark.parametrize("name", ["x.gz", "x.npz", "x.tar.gz"])
def test_a_broken_copy_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"broken")
    with pytest.raises(BadData, match=r"broken|no whole"):
        content.sha256_of(tmp_path / name)


# The table.


def test_every_set_can_be_had() -> None:
    assert len({each.name for each in SETS}) == len(SETS)
    for each in SETS:
        assert each.licence
        assert "http" in each.source or each.ships
        assert all(url.startswith("https://") for url in each.urls)
        if each.ships:
            assert locate(each).is_file()


def test_samples_are_what_the_table_says() -> None:
    folder = packaged("datasets")
    sums = {sample.path: content.sha256_of(folder / sample.path) for sample in SAMPLES}
    assert sums == {sample.path: sample.sha256 for sample in SAMPLES}
    shipped = {file.path for each in SETS if each.ships for file in each.files}
    others = {"README.md", "__init__.py"}
    assert {p.name for p in folder.iterdir() if p.is_file()} == sums.keys() | shipped | others


def test_the_readme_is_what_the_table_says() -> None:
    written = (packaged("datasets") / "README.md").read_text(encoding="utf-8")
    assert written == readme(), "run python benchmarks/samples/make_readme.py"


# The true data, where they are.

SMALL = ("citation-graphs", "mocap", "scitldr", "sst")
LARGE = tuple(each.name for each in SETS if not each.ships and each.name not in SMALL)


def check_conversion(name: str, upstream: Upstream, home: Path) -> None:
    data_set = next(each for each in SETS if each.name == name)
    if not all((REAL / file.path).is_file() for file in data_set.files):
        pytest.skip(f"the true {name} is not in the folder named by EDGEKIT_DATA")
    for url, data in published(data_set, REAL).items():
        upstream.publish(url, data)
    for file in data_set.files:
        assert locate(data_set, file.path).is_relative_to(home)


@pytest.mark.parametrize("name", SMALL)
def test_a_set_is_made_of_its_upstream(name: str, upstream: Upstream, home: Path) -> None:
    check_conversion(name, upstream, home)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_a_large_set_is_made_of_its_upstream(name: str, upstream: Upstream, home: Path) -> None:
    check_conversion(name, upstream, home)
