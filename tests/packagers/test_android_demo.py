"""What of the Android app can be checked without a compiler: its pins, its checks, its data."""

from __future__ import annotations

import importlib.util
import re
import struct
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from edgekit.core import registry
from edgekit.on_device.interpreter import VERSION
from edgekit.verbs.phone import adb, device_report
from tests.support.paths import ROOT

DEMO = ROOT / "android-demo"
KOTLIN = {path: path.read_text() for path in DEMO.glob("*/src/main/kotlin/**/*.kt")}


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DEMO / f"ci/{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


check_apk = script("check_apk")


def constant(name: str) -> str:
    found = [match for text in KOTLIN.values() for match in re.findall(rf"{name} = (.+)", text)]
    assert len(found) == 1, name
    return str(found[0]).strip('"')


def test_kotlin_and_python_speak_of_the_same_versions() -> None:
    assert constant("const val BUNDLE_VERSION") == str(VERSION)
    assert constant("const val DEVICE_REPORT_VERSION") == str(device_report.VERSION)
    catalog = (DEMO / "gradle/libs.versions.toml").read_text()
    tools = (DEMO / "ci/tools.sh").read_text()
    compiler = re.search(r'^kotlin = "(.+)"', catalog, re.MULTILINE)
    assert compiler
    assert f"KOTLIN_VERSION={compiler[1]}\n" in tools


def test_adb_calls_what_the_app_has() -> None:
    manifest = (DEMO / "app/src/main/AndroidManifest.xml").read_text()
    package, runner = adb.RUNNER.split("/")
    assert f'android:name="{package}{runner}"' in manifest
    assert any(path.stem == runner.lstrip(".") for path in KOTLIN)


def test_nothing_of_a_model_is_written_in_kotlin() -> None:
    """The app's code names no recipe; LiteRT's own API may name none either."""
    assert len(KOTLIN) > 30
    recipes = [name for name in registry.names("recipes") if "_" in name]
    named = [(path.name, name) for path, text in KOTLIN.items() for name in recipes if name in text]
    assert named == []


def test_what_ships_is_there() -> None:
    shipped = script("make_bundles").SHIPPED
    assert set(shipped) <= set(registry.names("recipes"))
    assert set(shipped) <= set(script("make_cases").RECIPES)


def test_no_file_is_large() -> None:
    ignored = ("build", "assets", ".gradle")
    files = [path for path in DEMO.rglob("*") if path.is_file()]
    kept = [path for path in files if not set(ignored) & set(path.relative_to(DEMO).parts)]
    assert max(path.stat().st_size for path in kept) < 1_000_000


@pytest.fixture
def apk(tmp_path: Path) -> Path:
    return write_apk(tmp_path / "app.apk")


def write_apk(
    path: Path, *, compressed: bool = False, shift: int = 0, code: bytes = b"", page: int = 1 << 14
) -> Path:
    """Write an archive with what an APK must have, and a model at a place that can be chosen."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("AndroidManifest.xml", "resources.arsc"):
            archive.writestr(name, b"x")
        archive.writestr("classes.dex", code or b"Ledgekit/demo/MainActivity;")
        archive.writestr("lib/arm64-v8a/libx.so", elf(page))
        name = "assets/bundles/a/int8.tflite"
        begin = archive.start_dir + 30 + len(name)
        entry = zipfile.ZipInfo(name)
        entry.extra = bytes((-begin) % 4 + shift)
        kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        archive.writestr(entry, b"model" * 100, compress_type=kind)
    return path


def elf(page: int) -> bytes:
    """Return the headers of a 64-bit library with one segment that is loaded."""
    header = bytearray(64)
    header[:5] = b"\x7fELF\x02"
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, 1)
    segment = bytearray(56)
    struct.pack_into("<I", segment, 0, 1)
    struct.pack_into("<Q", segment, 48, page)
    return bytes(header + segment)


def problems(apk: Path) -> str:
    with zipfile.ZipFile(apk) as archive:
        libraries = [name for name in archive.namelist() if name.endswith(".so")]
        found = [
            *check_apk.problems_of(apk, archive),
            *check_apk.libraries_problems(archive, libraries),
        ]
    return " ".join(found)


def test_a_right_apk_passes(apk: Path) -> None:
    assert problems(apk) == ""


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"compressed": True}, "is compressed, so that it cannot be mapped"),
        ({"shift": 1}, "no multiple of 4"),
        ({"code": b"nothing"}, "The app's first class is not in its code"),
        ({"code": b"Ledgekit/demo/MainActivity;Lcom/sun/jna/Pointer;"}, "stand-in for LiteRT"),
        ({"page": 4096}, "has segments aligned to 4096 bytes; phones need 16384"),
    ],
)
def test_what_phones_would_refuse_is_found(
    tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    assert sentence in problems(write_apk(tmp_path / "wrong.apk", **changes))  # type: ignore[arg-type]
