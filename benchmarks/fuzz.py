"""Does anything but an answer or one sentence come of a damaged file?

Damages `.tflite` files, `.npz` and `.keras` archives and packed data sets, each in one of six ways
drawn from a seed, and lets everything read them that reads a user's files without running them:
inspection, the checks of every target, the ranges of inputs, metadata, golden vectors, descriptions
of models, archives of data sets. An exception that is no `EdgekitError`, a sentence of more than
one line, and a file that takes more than a second of processor are faults: the file is kept in the
folder --keep. A death of the process itself is one too, and shows in its exit code.

    python benchmarks/fuzz.py [--files 30000] [--archives 1000] [--seed 0] [--keep DIR]

Exits with 1 if there was a fault.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from edgekit.core import registry
from edgekit.core.errors import EdgekitError
from edgekit.domains.upstream.archives import members, zip_members
from edgekit.running.quantization import number_ports, require_room
from edgekit.source_model.golden_vectors import read_arrays
from edgekit.source_model.keras_file import check_description, read_description
from edgekit.tflite.input_ranges import expected_ranges
from edgekit.tflite.reader import read
from edgekit.verbs.check import check
from edgekit.verbs.inspect import inspect

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
SLOW_S = 1.0
MEMORY_BYTES = 8 << 30
Random = np.random.Generator


def main() -> int:
    """Damage files, and print what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=30_000, help="damaged .tflite files")
    parser.add_argument("--archives", type=int, default=1_000, help="damaged archives")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the files that made a fault")
    chosen = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    outcomes: Counter[str] = Counter()
    faults = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, data, readers in damaged(chosen.files, chosen.archives, chosen.seed):
            path = Path(scratch) / name.partition("-")[2]
            path.write_bytes(data)
            for reader in readers:
                outcome = read_by(reader, path)
                outcomes[outcome.partition(":")[0]] += 1
                if outcome not in ("answered", "refused"):
                    faults += 1
                    print(f"{name}: {reader.__name__}: {outcome}", flush=True)
                    if chosen.keep:
                        chosen.keep.mkdir(parents=True, exist_ok=True)
                        (chosen.keep / name).write_bytes(data)
    for outcome, count in outcomes.most_common():
        print(f"{count:8,} {outcome}")
    return int(faults > 0)


def read_by(reader: Callable[[Path], object], path: Path) -> str:
    """Return "answered", "refused", or what went wrong."""
    began = time.process_time()
    try:
        reader(path)
        outcome = "answered"
    except EdgekitError as error:
        outcome = "refused" if "\n" not in str(error) else f"more than a sentence: {error}"
    except Exception:
        outcome = f"exception: {traceback.format_exc().strip()}"
    taken = time.process_time() - began
    return outcome if taken < SLOW_S or outcome != "answered" else f"slow: {taken:.1f} s"


def damaged(
    files: int, archives: int, seed: int
) -> Iterator[tuple[str, bytes, Sequence[Callable[[Path], object]]]]:
    """Give names, damaged contents and what reads them."""
    models = [path.read_bytes() for path in sorted(GOLDEN.glob("*.tflite"))]
    packed: list[tuple[str, bytes, Sequence[Callable[[Path], object]]]] = [
        (".npz", an_npz(), [read_arrays]),
        (".keras", a_keras(), [description]),
        (".tar.gz", a_tar(), [tar]),
        (".zip", a_zip(), [zipped]),
    ]
    for number in range(files):
        random = np.random.default_rng((seed, 0, number))
        whole = models[number % len(models)]
        yield f"{number}-model.tflite", spoiled(whole, random), [inspect, checked, ranges]
    for number in range(archives):
        random = np.random.default_rng((seed, 1, number))
        suffix, whole, readers = packed[number % len(packed)]
        yield f"{number}-archive{suffix}", spoiled(whole, random), readers


def spoiled(whole: bytes, random: Random) -> bytes:
    """Return contents with some bytes changed, words that point elsewhere, or parts gone."""
    data, size = bytearray(whole), len(whole)
    way = random.integers(6)
    if way == 0:  # single bits
        for at in random.integers(size, size=random.integers(1, 9)):
            data[at] ^= 1 << random.integers(8)
    elif way == 1:  # whole bytes
        for at in random.integers(size, size=random.integers(1, 33)):
            data[at] = random.integers(256)
    elif way == 2:  # numbers at the ends of their ranges, where offsets and lengths stand
        ends = (0, 1, -1, 2**31 - 1, -(2**31), 2**16, size)
        for at in random.integers(size // 4, size=random.integers(1, 5)):
            data[4 * at : 4 * at + 4] = int(random.choice(ends)).to_bytes(4, "little", signed=True)
    elif way == 3:  # cut
        del data[random.integers(size) :]
    elif way == 4:  # a part lies where another was
        length = int(random.integers(1, max(2, size // 4)))
        source, target = random.integers(max(1, size - length), size=2)
        data[target : target + length] = whole[source : source + length]
    else:  # a part is missing
        start = int(random.integers(size))
        del data[start : start + int(random.integers(1, 65))]
    return bytes(data)


COMPILED_EVERY = 20
"""A compiler of others is started for one file in so many: it takes a second."""


def checked(path: Path) -> None:
    """Check a file for every target there is."""
    is_compiled = zlib.crc32(path.read_bytes()) % COMPILED_EVERY == 0
    for target in registry.names("targets"):
        if not registry.get("targets", target).compiled or is_compiled:
            check(path, target)


def ranges(path: Path) -> None:
    """Find out what a file would be given, as far as it is before memory is taken."""
    model = read(path)
    number_ports(model)
    require_room(model, 16)
    expected_ranges(model)


def description(path: Path) -> None:
    """Read the description of a model and judge whether it may be built."""
    check_description(read_description(path).config, path)


def tar(path: Path) -> None:
    """Read all files of an archive."""
    list(members(path, ".*"))


def zipped(path: Path) -> None:
    """Read all files of an archive."""
    list(zip_members(path, ".*"))


def an_npz() -> bytes:
    """Return an `.npz` with arrays of three types."""
    stream = io.BytesIO()
    rising = np.arange(600, dtype=np.float32).reshape(20, 30)
    np.savez_compressed(stream, image=rising, labels=np.arange(20), scale=np.float16(0.5))
    return stream.getvalue()


def a_keras() -> bytes:
    """Return a `.keras` file without weights."""
    import keras

    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, activation="relu")])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(json.loads(model.to_json())))
        archive.writestr("metadata.json", json.dumps({"keras_version": keras.__version__}))
    return stream.getvalue()


def a_tar() -> bytes:
    """Return a `.tar.gz` of two files in a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name in ("top/a.txt", "top/b.txt"):
            entry = tarfile.TarInfo(name)
            entry.size = 300
            archive.addfile(entry, io.BytesIO(bytes(range(100)) * 3))
    return stream.getvalue()


def a_zip() -> bytes:
    """Return a `.zip` of two files in a folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("top/a.txt", "top/b.txt"):
            archive.writestr(name, bytes(range(100)) * 3)
    return stream.getvalue()


if __name__ == "__main__":
    sys.exit(main())
