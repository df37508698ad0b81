"""The page of a web bundle: what it holds, and what it says when a browser opens it from disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.errors import BadInput, Unavailable
from edgekit.on_device.pictures import fit
from edgekit.running.browser import litert_js
from edgekit.running.session import open_session
from tests.support.example_report import example_report
from tests.support.example_run import LABELS, ROWS, row, write_report, write_run
from tests.support.pages import opened, wait_for
from tests.support.paths import GOLDEN

package = registry.get("packagers", "web").package


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """Return a build of a classifier whose golden vectors are right."""
    folder = write_run(tmp_path / "image_cnn")
    images = np.random.default_rng(0).random((8, 8, 8, 1), np.float32)
    with open_session(GOLDEN / "float32.tflite", runtime="litert") as run:
        scores = run({"image": images})["scores"]
    vectors = {"input:image": images, "output:scores": scores}
    np.savez(folder / "vectors.npz", **vectors)  # type: ignore[arg-type]
    (folder / "device").mkdir()
    facts = {"name": "classify", "example": ["picture.pgm"]}
    (folder / "device" / "program.json").write_text(json.dumps(facts))
    return folder


def need_browser() -> None:
    if missing := registry.get("runtimes", "litert-web").missing():
        pytest.skip(missing)


def test_without_litert_js_nothing_is_made(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    with pytest.raises(Unavailable, match="run: edgekit setup web"):
        package(run_dir, run_dir / "web")
    assert not (run_dir / "web").exists()


def test_what_a_browser_runs_none_of_is_refused_with_the_reasons(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(litert_js, "missing", lambda: "")
    monkeypatch.setattr("edgekit.targets.web.TENSORS", ("uint8",))
    words = r"runs no verified .* float32: 'image' is float32, and LiteRT.js passes on uint8 alone"
    with pytest.raises(BadInput, match=words):
        package(run_dir, run_dir / "web")
    wrong = replace(row("float32", "litert-web", ok=False), reason="It answers otherwise.")
    report = replace(example_report(), rows=(*ROWS, wrong))
    write_report(run_dir, report)
    with pytest.raises(BadInput, match="float32: It answers otherwise"):
        package(run_dir, run_dir / "web")


@pytest.mark.device
def test_the_page_is_one_file_that_loads_nothing(run_dir: Path) -> None:
    need_browser()
    page = package(run_dir, run_dir / "web") / "index.html"
    names = sorted(path.name for path in page.parent.iterdir())
    assert names == ["LICENSE", "MODEL_CARD.md", "SHA256SUMS", "index.html"]
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not [word for word in ("<script src", "<img", "<link", "@import") if word in text]
    assert page.stat().st_size < 12_000_000
    assert package(run_dir, run_dir / "again").joinpath("index.html").read_bytes() == text.encode()


@pytest.mark.device
def test_the_self_test_is_green_where_answers_are_right(run_dir: Path, tmp_path: Path) -> None:
    need_browser()
    page = package(run_dir, run_dir / "web", ["float32"]) / "index.html"
    with opened(page, tmp_path / "log") as browser:
        assert browser.run("document.documentElement.dataset.selfTest") == "good"
        assert browser.run("document.querySelectorAll('#test-rows tr').length") == 1
        assert "Self-test passed" in str(browser.run("document.getElementById('state').innerText"))
        assert "ms" in str(browser.run("document.getElementById('latency').innerText"))
        assert browser.run("document.getElementById('problem').hidden") is True


@pytest.mark.device
def test_the_self_test_is_red_where_answers_are_wrong(run_dir: Path, tmp_path: Path) -> None:
    need_browser()
    with np.load(run_dir / "vectors.npz") as vectors:
        turned = {**vectors, "output:scores": vectors["output:scores"][:, ::-1] + 1}
    np.savez(run_dir / "vectors.npz", **turned)
    page = package(run_dir, run_dir / "web", ["float32"]) / "index.html"
    with opened(page, tmp_path / "log") as browser:
        assert browser.run("document.documentElement.dataset.selfTest") == "bad"
        assert "Self-test failed" in str(browser.run("document.getElementById('state').innerText"))


@pytest.mark.device
def test_a_picture_that_a_user_chooses_is_answered_as_in_python(
    run_dir: Path, tmp_path: Path
) -> None:
    need_browser()
    from PIL import Image

    pixels = np.random.default_rng(1).integers(0, 256, (30, 50, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    fitted = fit(pixels / np.float32(255), (8, 8, 1))[np.newaxis]
    with open_session(GOLDEN / "float32.tflite", runtime="litert") as run:
        scores = run({"image": fitted})["scores"][0]
    page = package(run_dir, run_dir / "web", ["float32"]) / "index.html"
    with opened(page, tmp_path / "log") as browser:
        root = browser.ask("DOM.getDocument")["root"]["nodeId"]
        chooser = browser.ask("DOM.querySelector", nodeId=root, selector="#picture-file")
        wait_for(browser, "!document.getElementById('try').hidden")
        files = [str(tmp_path / "photo.png")]
        browser.ask("DOM.setFileInputFiles", nodeId=chooser["nodeId"], files=files)
        wait_for(browser, "document.querySelector('#answers .name') !== null")
        names = browser.run(
            "[...document.querySelectorAll('#answers .name')].map(name => name.textContent)"
        )
        figures = browser.run(
            "[...document.querySelectorAll('#answers .figure')].map(f => parseFloat(f.textContent))"
        )
    order = np.argsort(-scores)
    assert names == [LABELS[place] for place in order]
    np.testing.assert_allclose(figures, 100 * scores[order], atol=0.06)


@pytest.mark.device
def test_what_is_no_picture_is_told(run_dir: Path, tmp_path: Path) -> None:
    need_browser()
    (tmp_path / "notes.txt").write_text("hello")
    page = package(run_dir, run_dir / "web", ["float32"]) / "index.html"
    with opened(page, tmp_path / "log") as browser:
        root = browser.ask("DOM.getDocument")["root"]["nodeId"]
        chooser = browser.ask("DOM.querySelector", nodeId=root, selector="#picture-file")
        wait_for(browser, "!document.getElementById('try').hidden")
        files = [str(tmp_path / "notes.txt")]
        browser.ask("DOM.setFileInputFiles", nodeId=chooser["nodeId"], files=files)
        wait_for(browser, "!document.getElementById('problem').hidden")
        told = str(browser.run("document.getElementById('problem').innerText"))
    assert told == "'notes.txt' is no picture that this browser reads; choose a JPEG or PNG."


@pytest.mark.device
def test_what_the_camera_sees_is_answered_until_it_is_stopped(
    run_dir: Path, tmp_path: Path
) -> None:
    need_browser()
    page = package(run_dir, run_dir / "web", ["float32"]) / "index.html"
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with opened(page, tmp_path / "log", *fake) as browser:
        wait_for(browser, "!document.getElementById('try').hidden")
        browser.run("document.getElementById('camera').click()")
        wait_for(browser, "document.querySelector('#answers .name') !== null")
        assert browser.run("document.getElementById('camera').innerText") == "Stop the camera"
        browser.run("document.getElementById('camera').click()")
        wait_for(browser, "document.getElementById('camera').innerText === 'Use the camera'")
        assert browser.run("document.getElementById('video').srcObject") is None
        assert browser.run("document.getElementById('problem').hidden") is True
