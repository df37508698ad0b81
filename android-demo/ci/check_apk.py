"""Checks that an APK's models can be mapped into memory, and its libraries on pages of 16 KB.

check_apk.py FILE.apk
"""

from __future__ import annotations

import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ALIGNMENT = 4
"""Bytes at which a file that is mapped must begin; zipalign's."""

PAGE = 16 * 1024
"""Bytes of a page of memory on newer phones."""


def main() -> None:
    """Check the file that the command line names; exit with 1 and say why if it is wrong."""
    apk = Path(sys.argv[1])
    with zipfile.ZipFile(apk) as archive:
        names = archive.namelist()
        models = [name for name in names if name.endswith(".tflite")]
        libraries = [name for name in names if name.endswith(".so")]
        problems = [*problems_of(apk, archive), *libraries_problems(archive, libraries)]
    if not models:
        problems.append(f"'{apk}' holds no model.")
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise SystemExit(1)
    size = apk.stat().st_size / 1e6
    print(f"{apk.name}: {size:.1f} MB, {len(models)} models stored and aligned", end=", ")
    print(f"{len(libraries)} libraries with segments of 16 KB, signed")


def problems_of(apk: Path, archive: zipfile.ZipFile) -> Iterator[str]:
    """Give a sentence for each model that cannot be mapped, and for each file that is missing."""
    for entry in archive.infolist():
        if not entry.filename.endswith(".tflite"):
            continue
        if entry.compress_type != zipfile.ZIP_STORED:
            yield f"{entry.filename} is compressed, so that it cannot be mapped into memory."
        if (start := data_start(apk, entry)) % ALIGNMENT:
            yield f"{entry.filename} begins at byte {start}, no multiple of {ALIGNMENT}."
    for needed in ("AndroidManifest.xml", "classes.dex", "resources.arsc"):
        if needed not in archive.namelist():
            yield f"'{apk}' has no {needed}."
    content = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".dex"))
    if b"Ledgekit/demo/MainActivity;" not in content:
        yield "The app's first class is not in its code."
    if b"Lcom/sun/jna/" in content:
        yield "The host's stand-in for LiteRT is in the app's code."


def data_start(apk: Path, entry: zipfile.ZipInfo) -> int:
    """Return at which byte of the archive the content of an entry begins."""
    with apk.open("rb") as stream:
        stream.seek(entry.header_offset + 26)
        name, extra = struct.unpack("<HH", stream.read(4))
    return entry.header_offset + 30 + int(name) + int(extra)


def libraries_problems(archive: zipfile.ZipFile, libraries: list[str]) -> Iterator[str]:
    """Give a sentence for each 64-bit library that phones with pages of 16 KB refuse."""
    for name in libraries:
        content = archive.read(name)
        if content[4] == 2 and (smallest := least_alignment(content)) < PAGE:
            yield f"{name} has segments aligned to {smallest} bytes; phones need {PAGE}."


def least_alignment(elf: bytes) -> int:
    """Return the smallest alignment of a segment that is loaded, of a 64-bit ELF file."""
    (table,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    headers = (table + index * size for index in range(count))
    loaded = (at for at in headers if struct.unpack_from("<I", elf, at)[0] == 1)
    return min((struct.unpack_from("<Q", elf, at + 48)[0] for at in loaded), default=PAGE)


if __name__ == "__main__":
    main()
