"""Fetch LiteRT.js, Google's LiteRT for browsers: JavaScript and WASM, from npm, with checked sums.

Source: Google, LiteRT.js, https://ai.google.dev/edge/litert/web; Apache License 2.0.
"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.errors import BadData, Unavailable
from edgekit.core.paths import atomic, home
from edgekit.core.types import Progress

if TYPE_CHECKING:
    from requests import Response

VERSION = "2.5.3"
"""The operator tables were measured on it, and the page relies on how its module is loaded."""

PACKAGES = {
    "core": "a97660833e9e7e1063c95e12016718881240b14f7438728a2f62785e912d30fd",
    "wasm-utils": "ce2a1f8379c067be49e59752e5a7f40db6be09f6e497f0f11e59f17b515366a7",
}
"""Name below `@litertjs/` -> SHA-256 of what npm has of this version."""

BUILDS = ("litert_wasm_internal", "litert_wasm_compat_internal", "litert_wasm_threaded_internal")
"""WASM for browsers with relaxed SIMD, for those without, and with threads."""

FILES = {
    "core": {
        "package/dist/index.js": "core/index.js",
        **{f"package/wasm/{name}.{kind}": f"wasm/{name}.{kind}"
           for name in BUILDS for kind in ("js", "wasm")},
    },
    "wasm-utils": {"package/dist/index.js": "wasm-utils/index.js"},
}  # fmt: skip
"""What is taken of each package -> where it is put."""

PASSED = ("float32", "int32", "uint8")
"""What its tensors hold: a model with other inputs or outputs is refused (`src/datatypes.ts`)."""

ADDED = ("int8", "int16")
"""What edgekit adds to that list: integer models have such inputs and outputs, and the WASM takes
them."""

TENSORS = (*PASSED, *ADDED)

_LAST = """    elementType: ElementType.UINT8
  }
]);
"""
_MORE = """    elementType: ElementType.UINT8
  },
  // Added by edgekit, so that integer models can be given what they take.
  {dtype: "int8", typedArrayConstructor: Int8Array, elementType: ElementType.INT8},
  {dtype: "int16", typedArrayConstructor: Int16Array, elementType: ElementType.INT16}
]);
"""

REGISTRY = "https://registry.npmjs.org"


def folder() -> Path:
    """Return where LiteRT.js is, or will be."""
    return home() / f"litert-js-{VERSION}"


def missing() -> str:
    """Return "" if it is here, else how to get it."""
    return "" if folder().is_dir() else "LiteRT.js is not there; run: edgekit setup web"


def core(folder: Path) -> str:
    """Return the JavaScript of LiteRT.js, with the types that edgekit adds.

    Args:
        folder: Of LiteRT.js.

    Raises:
        BadData: It is not the version that is known.
    """
    text = (folder / "core" / "index.js").read_text(encoding="utf-8")
    if text.count(_LAST) != 1:
        raise BadData(f"'{folder}' is not the LiteRT.js that is known; run: edgekit setup web")
    return text.replace(_LAST, _MORE)


def fetch(progress: Progress) -> None:
    """Download it, check the sums, and put it in place.

    npm's own variable `npm_config_registry` names another registry.

    Raises:
        Unavailable: It cannot be downloaded, or is not what was published.
    """
    registry = os.environ.get("npm_config_registry", REGISTRY).rstrip("/")  # noqa: SIM112 (npm's)
    with atomic(folder()) as unpacked:
        for done, (name, sha256) in enumerate(PACKAGES.items()):
            progress(0.5 * done, f"fetching @litertjs/{name} {VERSION}")
            packed = _download(f"{registry}/@litertjs/{name}/-/{name}-{VERSION}.tgz", sha256)
            _unpack(packed, FILES[name], unpacked)
            packed.unlink()


def _download(url: str, sha256: str) -> Path:
    import pooch

    pooch.get_logger().setLevel("WARNING")  # progress tells
    answers: list[Response] = []
    keep = {"response": lambda answer, **_: answers.append(answer)}
    get = pooch.HTTPDownloader(timeout=60, hooks=keep)
    try:
        return Path(pooch.retrieve(url, sha256, path=home() / "downloads", downloader=get))
    except (OSError, ValueError) as error:  # requests' errors are OSErrors
        raise Unavailable(
            f"{url} cannot be had: {str(error).splitlines()[0]}. Check the network, and run "
            "`edgekit setup web` again."
        ) from error
    finally:
        for answer in answers:  # pooch leaves them open after an error
            answer.close()


def _unpack(packed: Path, wanted: dict[str, str], into: Path) -> None:
    with tarfile.open(packed) as files:
        for name, place in wanted.items():
            content = files.extractfile(name)
            if content is None:
                raise Unavailable(f"'{packed}' lacks {name}; run `edgekit setup web` again.")
            (into / place).parent.mkdir(parents=True, exist_ok=True)
            (into / place).write_bytes(content.read())
