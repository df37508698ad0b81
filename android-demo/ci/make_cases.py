"""Writes what Python answers, for the Kotlin code to answer the same: inputs, calls and answers.

    make_cases.py OUT BUNDLES [RUN_DIR...]

For each recipe below, the program that goes to devices answers an item of the packaged samples with
made-up networks; for each build given, with the models of its bundle in the folder BUNDLES, run by
ai-edge-litert. A case holds what the program gave its networks, what they said, and what the
program answered. For each model of a bundle it also holds what that answers to its golden inputs.
"""

from __future__ import annotations

import json
import tempfile
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.building.programs import read_program
from edgekit.building.run_folder import programs_path
from edgekit.core import registry
from edgekit.core.paths import packaged
from edgekit.on_device.answering import Models, Program
from edgekit.on_device.arrays import Array, Batch, Run
from edgekit.on_device.decoding import ctc_greedy
from edgekit.on_device.interpreter import VERSION, load
from edgekit.on_device.programs.sentiment import normalize
from edgekit.on_device.subwords import Subwords

RECIPES = (
    "image_mobilenet",
    "detect_yolov1",
    "detect_yolov2",
    "detect_yolov3",
    "detect_yolo9000",
    "localize_cnn",
    "segment_unet",
    "pose_posenet",
    "keywords_cnn",
    "text_bert",
)
"""One of each kind of task that the app answers, and a detector of each way to name classes."""

TOLERANCES = Path(__file__).parents[2] / "tests" / "support" / "tolerances.json"
"""Cases of the rule by which answers are right, which the tests of every language read."""

TEXTS = (
    "a wonderful film",
    "It's NOT good; I don\u2019t like it!  Never again...",
    "na\u00efve caf\u00e9 \u4e2d\u6587 \U0001f600 x\u00b2 _under_score_ \t tab\nline",
    " leading and trailing ",
    "w" * 40 + " 12345 3.14 !?!?",
    " ".join(f"word{number} and" for number in range(120)),
)


@dataclass
class Case:
    """A folder of raw numbers and the JSON that names them."""

    folder: Path
    count: int = field(default=0)

    def numbers(self, array: Array) -> dict[str, object]:
        """Write an array as little-endian float32; return its name and shape."""
        name = f"{self.count}.bin"
        self.count += 1
        np.ascontiguousarray(array, "<f4").tofile(self.folder / name)
        return {"file": name, "shape": list(np.shape(array))}

    def batch(self, batch: Batch) -> list[dict[str, object]]:
        """Write a batch."""
        return [{"name": name, **self.numbers(array)} for name, array in batch.items()]


def main() -> None:
    """Write all cases."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("bundles", type=Path)
    parser.add_argument("runs", nargs="*", type=Path)
    options = parser.parse_args()
    for name in RECIPES:
        with tempfile.TemporaryDirectory() as folder:
            write_case(options.out / f"made-{name}", *made(name, Path(folder)))
    for run in options.runs:
        bundle = options.bundles / run.name
        write_case(options.out / f"bundle-{run.name}", *real(run, bundle))
        write_answers(options.out / f"bundle-{run.name}", bundle)
    write_plain(options.out)


def made(name: str, folder: Path) -> tuple[Program[Any], Models, dict[str, Any], Sequence[str]]:
    """Return a recipe's program with networks that are made up."""
    recipe = registry.get("recipes", name)
    for file, content in (recipe.assets("tiny") if recipe.assets else {}).items():
        (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
    signatures = recipe.parts.signatures if recipe.parts else {"model": recipe.signature}
    facts: dict[str, Any] = {
        part: {
            "variant": "made",
            "part": part,
            "precision": "float32",
            "file": "none.tflite",
            "sha256": "",
            "inputs": [_port(each) for each in signature.inputs],
            "outputs": [_port(each) for each in signature.outputs],
        }
        for part, signature in signatures.items()
    }
    random = np.random.default_rng(len(name))
    runs = {part: _made_up(each["outputs"], random) for part, each in facts.items()}
    models = Models(folder, facts, runs, recipe.signature.labels)
    program = import_module(f"edgekit.on_device.programs.{recipe.program.name}").program
    steps = program.steps(models)
    described = {
        "version": VERSION,
        "recipe": name,
        "task": recipe.program.name,
        "labels": list(recipe.signature.labels),
        "before": dict(steps.before),
        "after": dict(steps.after),
        "models": list(facts.values()),
    }
    return program, models, described, recipe.program.example


def real(run: Path, bundle: Path) -> tuple[Program[Any], Models, dict[str, Any], Sequence[str]]:
    """Return a build's program with the models of its bundle, those of the first variant.

    The files that the program reads are those of the build: a bundle for apps has none.
    """
    described = json.loads((bundle / "bundle.json").read_text())
    variant = described["models"][0]["variant"]
    facts = {each["part"]: each for each in described["models"] if each["variant"] == variant}
    files = programs_path(run)
    models = Models(files, facts, load(bundle, variant), described["labels"])
    program = read_program(files)
    if program is None:
        raise SystemExit(f"'{run}' has no program, so there is nothing to compare.")
    module = import_module(f"edgekit.on_device.programs.{program.name}")
    return module.program, models, described, program.example


def write_case(
    out: Path,
    program: Program[Any],
    models: Models,
    described: Mapping[str, Any],
    example: Sequence[str],
) -> None:
    """Write what a program answers, and to which questions of its networks."""
    out.mkdir(parents=True)
    case = Case(out)
    parser = ArgumentParser()
    program.options(parser)
    items = []
    for name, item in _items(program, models, described, example, out):
        calls: list[tuple[Batch, Batch]] = []
        runs = {part: _recorded(run, calls) for part, run in models.runs.items()}
        answer = program.answer(models._replace(runs=runs), item, parser.parse_args([]))
        items.append(
            {
                "name": name,
                "given": _given(case, item),
                "calls": [{"in": case.batch(a), "out": case.batch(b)} for a, b in calls],
                "answer": _answer(case, described["after"], answer, calls),
            }
        )
    if subwords := described["before"].get("subwords"):
        (out / subwords).write_bytes((models.folder / subwords).read_bytes())
    (out / "bundle.json").write_text(json.dumps(described))
    (out / "case.json").write_text(json.dumps({"items": items}))
    print(f"{out.name}: {len(items)} items, {sum(len(each['calls']) for each in items)} calls")


def write_answers(out: Path, bundle: Path) -> None:
    """Write what ai-edge-litert answers to the golden inputs of every model of a bundle."""
    described = json.loads((bundle / "bundle.json").read_text())
    case, models = Case(out, 1000), []
    for model in described["models"]:
        golden = described["golden"]
        golden = golden["parts"].get(model["part"], golden)
        inputs = {
            tensor["name"]: np.fromfile(bundle / tensor["file"], tensor["dtype"]).reshape(
                tensor["shape"]
            )
            for tensor in golden["tensors"]
            if tensor["role"] == "input"
        }
        answers = load(bundle, model["variant"])[model["part"]](inputs)
        models.append({"file": model["file"], "answers": case.batch(answers)})
    # The bundle itself: the test runs its models.
    (out / "models.json").write_text(json.dumps({"bundle": str(bundle), "models": models}))


def write_plain(out: Path) -> None:
    """Write what has no recipe of its own in the app: CTC, subwords of any text, tolerances."""
    random = np.random.default_rng(0)
    folder = out / "plain"
    folder.mkdir(parents=True)
    case = Case(folder)
    steps = random.dirichlet(np.full(5, 0.3), (6, 40)).astype(np.float32)
    read = ctc_greedy(steps)
    merges = (packaged("datasets") / "bible_subwords_english.txt").read_text()
    subwords = Subwords.from_text(merges)
    (folder / "merges.txt").write_text(merges)
    (folder / TOLERANCES.name).write_bytes(TOLERANCES.read_bytes())
    facts = {
        "ctc": {"steps": case.numbers(steps), "read": [row[row > 0].tolist() for row in read]},
        "texts": [
            {"text": text, "normalized": normalize(text), "ids": subwords.encode(text)}
            for text in TEXTS
        ],
    }
    (folder / "plain.json").write_text(json.dumps(facts))


def _port(tensor: Any) -> dict[str, Any]:
    shape, dtype = list(tensor.shape), getattr(tensor, "dtype", "float32")
    return {"name": tensor.name, "index": 0, "shape": shape, "dtype": dtype, "quantization": None}


def _made_up(outputs: Sequence[Mapping[str, Any]], random: np.random.Generator) -> Run:
    """Return a network that says something else at each call, much like a trained one would."""

    def values(name: str, shape: tuple[int, ...]) -> Array:
        if name == "heatmaps":
            return random.random(shape) ** 6
        if name in ("forward", "backward"):
            return 2 * random.standard_normal(shape)
        if name.startswith("scores_"):
            return 2.5 * random.standard_normal(shape) - 3
        if name == "scores" and len(shape) == 2:
            return random.dirichlet(np.full(shape[1], 0.3), shape[0])
        return random.standard_normal(shape)

    def run(batch: Batch) -> Batch:
        count = len(next(iter(batch.values())))
        shapes = {each["name"]: (count, *each["shape"][1:]) for each in outputs}
        return {name: values(name, shape).astype(np.float32) for name, shape in shapes.items()}

    return run


def _recorded(run: Run, calls: list[tuple[Batch, Batch]]) -> Run:
    def recorded(batch: Batch) -> Batch:
        answer = run(batch)
        for index in range(len(next(iter(batch.values())))):  # apps ask one after another
            one = slice(index, index + 1)
            asked = {name: array[one] for name, array in batch.items()}
            calls.append((asked, {name: array[one] for name, array in answer.items()}))
        return answer

    return recorded


def _items(
    program: Program[Any],
    models: Models,
    described: Mapping[str, Any],
    example: Sequence[str],
    out: Path,
) -> list[tuple[str, Any]]:
    """Return the example, if there is one to read, and items of other sizes and lengths."""
    kind = described["before"]["kind"]
    random = np.random.default_rng(1)
    if kind == "text":
        return [(text[:20], text) for text in TEXTS[:3] + TEXTS[5:]]
    there = [each for each in example if (models.folder / each).is_file()]
    items = [each for name in there for each in program.takes.read([name], models.folder)]
    if kind == "sound":
        return items + [(f"noise {count}", _wav(out, random, count)) for count in (5000, 11000)]
    shapes = [(75, 50, 1), (60, 97, 3), (311, 470, 3), (201, 100, 1)]
    if described["after"]["kind"] == "key_points":
        shapes.append((700, 690, 3))  # seen in tiles at two sizes
    return items + [(f"noise {shape}", _blotches(random, shape)) for shape in shapes]


def _blotches(random: np.random.Generator, shape: Sequence[int]) -> Array:
    """Return a picture of blotches and noise, 0..1."""
    coarse = random.random((shape[0] // 10 + 1, shape[1] // 10 + 1, shape[2]))
    large = coarse.repeat(10, axis=0).repeat(10, axis=1)[: shape[0], : shape[1]]
    return (0.8 * large + 0.2 * random.random(shape)).astype(np.float32)


def _wav(folder: Path, random: np.random.Generator, count: int) -> Path:
    import wave

    path = folder / f"noise-{count}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((random.standard_normal(count) * 3000).astype("<i2").tobytes())
    return path


def _given(case: Case, item: Any) -> dict[str, object]:
    if isinstance(item, str):
        return {"kind": "text", "text": item}
    if isinstance(item, Path):
        from edgekit.on_device.programs.keywords import read_wav

        return {"kind": "sound", **case.numbers(read_wav(item))}
    return {"kind": "picture", **case.numbers(item)}


def _answer(
    case: Case,
    after: Mapping[str, Any],
    answer: Any,
    calls: Sequence[tuple[Batch, Batch]],
) -> dict[str, object]:
    """Return what a program answered, as numbers."""
    drawn = answer.drawing
    if after["kind"] == "labels":
        scores = calls[-1][1][after["output"]][0]
        order = np.argsort(-scores, kind="stable")[: after["top"]]
        return {"best": order.tolist(), "scores": [float(scores[each]) for each in order]}
    if after["kind"] == "mask":
        return {"mask": case.numbers(drawn.mask), "lines": answer.lines}
    if after["kind"] == "key_points":
        return {"people": case.numbers(drawn.points), "lines": answer.lines[:1]}
    boxes = np.zeros((0, 4)) if drawn.boxes is None else drawn.boxes
    return {
        "boxes": case.numbers(boxes),
        "captions": list(drawn.captions),
        "kinds": list(map(int, drawn.kinds)),
    }


if __name__ == "__main__":
    main()
