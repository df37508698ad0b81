"""A server on this machine that publishes data sets as their true upstreams do."""

from __future__ import annotations

import contextlib
import csv
import gzip
import http.server
import io
import pickle
import tarfile
import threading
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from edgekit.domains.upstream import archives
from edgekit.domains.upstream.data_set import DataSet
from edgekit.domains.upstream.texts import NUM_SENTENCES


@dataclass
class Upstream:
    """What is published, how the server behaves, and what it was asked.

    Attributes:
        files: Path below the server -> content, or the function that makes it.
        address: Of the server.
        cut_after: Close each connection after so many bytes of content.
        ranges: Whether it knows `Range`.
        status: What it answers to everything, if set.
        encoding: What it says the content is packed with, as old servers do of any `.gz`.
        waits_s: Pause after each 64 kB, so that a client can be stopped in the middle.
        asked: Path and `Range` of every request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    address: str = ""
    cut_after: int | None = None
    ranges: bool = True
    status: int | None = None
    waits_s: float = 0
    encoding: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)

    def publish(self, url: str, content: bytes) -> None:
        parts = urlsplit(url)
        self.files[f"/{parts.netloc}{parts.path}"] = content


@contextlib.contextmanager
def serving() -> Iterator[Upstream]:
    """Serve until the block ends."""
    upstream = Upstream()
    stopped = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            upstream.asked.append((self.path, asked))
            content = upstream.files.get(self.path)
            if upstream.status or content is None:
                self.send_error(upstream.status or 404)
                return
            start = int(asked[6:-1]) if asked and upstream.ranges else 0
            if start and start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if start:
                self.send_response(206)
                extent = f"bytes {start}-{len(content) - 1}/{len(content)}"
                self.send_header("Content-Range", extent)
            else:
                self.send_response(200)
            if upstream.encoding:
                self.send_header("Content-Encoding", upstream.encoding)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self._send(content[start:])

        def _send(self, rest: bytes) -> None:
            end = len(rest) if upstream.cut_after is None else upstream.cut_after
            with contextlib.suppress(ConnectionError):
                for k in range(0, min(end, len(rest)), 1 << 16):
                    self.wfile.write(rest[k : min(k + (1 << 16), end)])
                    if upstream.waits_s:
                        stopped.wait(upstream.waits_s)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    upstream.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield upstream
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def tar_gz(files: Mapping[str, bytes], *others: tarfile.TarInfo) -> bytes:
    """Return files, and members without content such as links, as an archive."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in others:
            archive.addfile(info)
    return raw.getvalue()


def published(data_set: DataSet, folder: Path) -> dict[str, bytes]:
    """Return what the upstream of a data set holds by its address, from the form in a folder."""
    local = [folder / file.path for file in data_set.files]
    special: dict[str, Callable[[list[Path]], list[bytes]]] = {
        "mocap": _mocap,
        "movie-reviews": _reviews,
        "sst": _trees,
        "citation-graphs": _graphs,
    }
    if data_set.name in special:
        contents = special[data_set.name](local)
    elif data_set.urls[0].endswith("/archive/" + data_set.urls[0].rpartition("/")[2]):
        top = f"{data_set.urls[0].split('/')[4]}-0123456789abcdef"
        files = {f"{top}/{name}": data for name, data in archives.members(local[0], ".*")}
        files |= {f"{top}/README.md": b"# Read me", f"{top}/src/code.py": b"print()"}
        contents = [tar_gz(dict(reversed(files.items())), _link(f"{top}/docs", "../elsewhere"))]
    else:
        contents = [path.read_bytes() for path in local]
    return dict(zip(data_set.urls, contents, strict=True))


def _link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def _mocap(local: list[Path]) -> list[bytes]:
    files = dict(archives.members(local[0], ".*"))
    one, two = "01_01.bvh", "AV_8Walk_Meredith_HVHA_Rep1.bvh"
    return [
        tar_gz({f"fairmotion-e4/tests/data/{one}": files[one], "fairmotion-e4/setup.py": b""}),
        tar_gz({f"PyMO-ba/demos/data/{two}": files[two], "PyMO-ba/demos/data/other.bvh": b"x"}),
    ]


def _reviews(local: list[Path]) -> list[bytes]:
    with gzip.open(local[0], "rt", encoding="utf-8", newline="") as stream:
        rows = [(row["text"], row["label"], row["source"]) for row in csv.DictReader(stream)]
    films = {"aclImdb/test/neg/0_2.txt": b"not of the training set"}
    for k, (text, label, source) in enumerate(rows):
        if source == "imdb":
            kind = ("neg", "pos")[int(label)]
            films[f"aclImdb/train/{kind}/{k}_{1 + 7 * int(label)}.txt"] = text.encode()
    films["aclImdb/train/unsup/0_0.txt"] = b"without a label"
    lines = {
        label: [text for text, its, source in rows if source != "imdb" and its == label]
        for label in "01"
    }
    rest = ["for the tests of others"] if len(lines["0"]) == NUM_SENTENCES else []
    texts = {key: "".join(f"{line} \n" for line in [*lines[key], *rest]) for key in lines}
    top = "rt-polaritydata"
    sentences = {f"{top}.README.1.0.txt": b"read me"} | {
        f"{top}/rt-polarity.{kind}": texts[label].encode("latin-1")
        for label, kind in (("0", "neg"), ("1", "pos"))
    }
    return [tar_gz(films), tar_gz(sentences)]


def _trees(local: list[Path]) -> list[bytes]:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for path in local:
            archive.writestr(f"trees/{path.stem}", gzip.decompress(path.read_bytes()))
    return [raw.getvalue()]


def _graphs(local: list[Path]) -> list[bytes]:
    files: dict[str, bytes] = {}
    for path in local:
        with np.load(path) as arrays:
            pickles = graph_pickles({name: arrays[name] for name in arrays.files})
        prefix = f"gcn-39a4089/gcn/data/ind.{path.stem}."
        files |= {prefix + name: data for name, data in pickles.items()}
    return [tar_gz(files)]


def graph_pickles(arrays: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """Return a graph as Planetoid published it: pickles of Python 2, test nodes in disorder."""
    from scipy import sparse

    count, width = arrays["feature_shape"]
    parts = [arrays[f"feature_{key}"] for key in ("values", "indices", "indptr")]
    features = sparse.csr_matrix(tuple(parts), shape=(int(count), int(width)))
    labels = arrays["labels"]
    one_hot = (labels[:, np.newaxis] == np.arange(labels.max() + 1)).astype(np.int32)
    order = np.random.default_rng(0).permutation(arrays["test_index"])
    known, train = int(order.min()), len(arrays["train_index"])
    graph: defaultdict[int, list[int]] = defaultdict(list)
    for a, b in arrays["edges"].tolist():
        graph[a].append(b)
        graph[b] += [a, a]  # upstream names some twice
    graph[0].append(0)  # and a few nodes as their own neighbours
    things = {
        "x": features[:train],
        "y": one_hot[:train],
        "tx": features[order],
        "ty": one_hot[order],
        "allx": features[:known],
        "ally": one_hot[:known],
        "graph": graph,
    }
    pickles = {name: pickle.dumps(thing, protocol=2) for name, thing in things.items()}
    return pickles | {"test.index": "".join(f"{node}\n" for node in order).encode()}
