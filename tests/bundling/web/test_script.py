from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from edgekit.bundling.web.script import modules, script
from edgekit.core.errors import BadData
from edgekit.core.paths import packaged

CORE = """import { createWasmLib } from "@litertjs/wasm-utils";
var DATATYPES = Object.freeze([
  {
    elementType: ElementType.UINT8
  }
]);
var Tensor = class {};
export {
  Tensor
};
//# sourceMappingURL=index.js.map
"""
UTILITIES = "var createWasmLib = 1;\nexport {\n  createWasmLib\n};\n"


def library(folder: Path, core: str = CORE) -> Path:
    for name, text in {"core": core, "wasm-utils": UTILITIES}.items():
        (folder / name).mkdir()
        (folder / name / "index.js").write_text(text)
    return folder


def test_every_module_is_in_the_page_after_those_it_imports() -> None:
    ordered = modules()
    assert set(ordered) == set(packaged("bundling", "web", "js").glob("*.mjs"))
    for place, path in enumerate(ordered):
        imported = re.findall(r'from "\./(\w+\.mjs)"', path.read_text())
        assert {path.with_name(name) for name in imported} <= set(ordered[:place])


def test_no_name_is_declared_twice() -> None:
    declared = re.compile(r"^(?:export )?(?:async )?(?:function|const|let) (\w+)", re.MULTILINE)
    names = Counter(name for path in modules() for name in declared.findall(path.read_text()))
    assert [name for name, count in names.items() if count > 1] == []


def test_modules_are_small_and_say_what_they_are() -> None:
    for path in modules():
        text = path.read_text()
        assert text.startswith("// "), path
        assert len(text.splitlines()) <= 240, path


def test_the_script_holds_no_import_or_export(tmp_path: Path) -> None:
    text = script(library(tmp_path))
    assert not re.search(r"^(import|export) ", text, re.MULTILINE)
    assert "sourceMappingURL" not in text
    assert "return {\n  Tensor\n};" in text
    assert 'dtype: "int16"' in text


@pytest.mark.parametrize(
    ("core", "words"),
    [("var Tensor = 1;\n", "not the LiteRT.js that is known"), ("</script>" + CORE, "end of a")],
)
def test_another_library_is_refused(core: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(BadData, match=words):
        script(library(tmp_path, core))
