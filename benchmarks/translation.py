"""Compare the translations of a built translator on each runtime with those of its reference.

    python benchmarks/translation.py runs/translate_seq2seq [--variants float32,int8] [--beam 4]

- same: of the reference's subwords for 100 test verses, decoded greedily, the share that the file
  has at the same position. After the first difference most of the rest differs too.
- verses: the share of verses whose translations are identical.
- BLEU and beam: BLEU of those verses, decoded greedily and with a beam.
- steps and whole: the largest difference between the scores of the reference's steps, whose state
  or cache goes in and out, and the scores of one pass over the whole text.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.building.parts import MODEL, parts_of
from edgekit.building.run_folder import source_path, vectors_path
from edgekit.core import registry
from edgekit.core.recipe import Dataset, Recipe
from edgekit.core.types import Array, Batch, Run
from edgekit.domains.translation.verses import bleu, shifted, texts_of, translation_data
from edgekit.on_device.programs.translate import SCORE_RANGE, translate
from edgekit.reporting import report_json
from edgekit.running.session import open_session
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.source_model.loading import load_model
from edgekit.source_model.reference import runner

RUNTIMES = "tflite-runtime,litert"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A translator, verses, the reference's translations of them, and the beam width to try."""

    recipe: Recipe
    test: Dataset
    tokens: Array
    beam: int

    def row(self, runs: Mapping[str, Run]) -> str:
        """Translate the verses with the parts and return the row of the printed table."""
        source = self.test.inputs["source"]
        answer = parts_of(self.recipe).drive(runs)(self.test.inputs)["tokens"]
        same = (answer == self.tokens)[self.tokens != 0].mean()
        verses = (answer == self.tokens).all(axis=1).mean()
        wide = translate(runs, source, caches=caches_of(self.recipe), beam=self.beam)
        references = self.test.target().tolist()
        greedy, beam = (bleu(texts_of(tokens), references) for tokens in (answer, wide))
        return f"{100 * same:8.1f}{100 * verses:10.1f}{greedy:8.2f}{beam:8.2f}"


def caches_of(recipe: Recipe) -> dict[str, tuple[int, ...]]:
    """Return name and shape of a step's caches: the inputs it has an output `new_...` for."""
    step = parts_of(recipe).signatures["step"]
    rows = {tensor.name for tensor in step.outputs}
    return {t.name: t.shape[1:] for t in step.inputs if f"new_{t.name}" in rows}


def largest_difference(
    runs: Mapping[str, Run], whole: Run, source: Array, *, caches: Mapping[str, tuple[int, ...]]
) -> float:
    """Return the largest difference between the scores of steps and of one pass, over all texts."""
    differences = []
    for row in source:
        scores: list[Array] = []

        def step(batch: Batch, scores: list[Array] = scores) -> Batch:
            answer = runs["step"](batch)
            scores.append(answer["scores"])
            return answer

        tokens = translate({**runs, "step": step}, row[None], caches=caches)
        expected = whole({"source": row[None], "said": shifted(tokens)})["answer"][0, : len(scores)]
        stepped = np.concatenate(scores)
        differences.append(np.abs(stepped - np.clip(expected + SCORE_RANGE, 0, 6)).max())
    return float(max(differences))


def main() -> None:
    """Print the comparison as a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="run folder of a build")
    parser.add_argument("--variants", default="", help="such as float32,int8; all if not given")
    parser.add_argument("--runtimes", default=RUNTIMES)
    parser.add_argument("--beam", type=int, default=4)
    chosen = parser.parse_args()
    report = report_json.load_report(chosen.folder)
    recipe: Recipe = registry.get("recipes", report.recipe)
    inputs, outputs = read_vectors(vectors_path(chosen.folder, MODEL))
    test = translation_data("test", report.size).head(len(outputs["tokens"]))
    if not np.array_equal(test.inputs["source"], inputs["source"]):
        raise SystemExit(f"'{chosen.folder}' was built with other verses; build it again.")
    names = list(parts_of(recipe).signatures)
    parts = {part: runner(load_model(source_path(chosen.folder, part))) for part in names}
    whole = runner(load_model(source_path(chosen.folder, MODEL)))
    difference = largest_difference(parts, whole, inputs["source"][:20], caches=caches_of(recipe))
    print(f"{report.recipe}, {report.size}, {len(test)} verses, beam of {chosen.beam}")
    print(f"steps and whole: largest difference of scores {difference:.1e}, on 20 verses")
    print(f"{'variant':14}{'runtime':16}{'same %':>8}{'verses %':>10}{'BLEU':>8}{'beam':>8}")
    compared = Comparison(recipe=recipe, test=test, tokens=outputs["tokens"], beam=chosen.beam)
    print(f"{'reference':14}{'keras':16}{compared.row(parts)}", flush=True)
    for variant in chosen.variants.split(",") if chosen.variants else recipe.variants:
        for runtime in chosen.runtimes.split(","):
            with ExitStack() as stack:
                sessions = {
                    part: stack.enter_context(
                        open_session(chosen.folder / variant / f"{part}.tflite", runtime=runtime)
                    )
                    for part in names
                }
                print(f"{variant:14}{runtime:16}{compared.row(sessions)}", flush=True)


if __name__ == "__main__":
    main()
