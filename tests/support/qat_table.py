"""Write the table in `docs/qat.md`: which layers quantization-aware training rounds.

Run it after what is rounded has changed: `python -m tests.support.qat_table`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from edgekit.bridge.own.registering import Rounds
from edgekit.bridge.qat.kinds import ATTENTION, IN_FLOAT, OUR_ACTIVATIONS, OURS, PROJECTIONS, TFMOT
from edgekit.bridge.qat.rewriting import ALONG_ONE_AXIS
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "qat.md"
BEGIN, END = "<!-- table, by python -m tests.support.qat_table -->", "<!-- end of the table -->"
ATTENTIONS = tuple(name.replace("Grouped", "Group") for name in ATTENTION)
SPLIT = "split into what a file computes: along two axes, or depthwise and 1x1"


def table() -> str:
    """Return the table as Markdown: a line for all layers of which the same is true."""
    lines = ["| layers | rounded by | what is rounded in training | |", "| --- | --- | --- | --- |"]
    rows = [*_rows(TFMOT, "tfmot"), *_rows(OURS, "edgekit")]
    kernel = Rounds(weights=("kernel",), output=True, note=SPLIT)
    rows += _rows(dict.fromkeys((*ALONG_ONE_AXIS, "SeparableConv2D"), kernel), "edgekit")
    rows += _rows(dict.fromkeys(ATTENTIONS, PROJECTIONS), "edgekit")
    known = {f"Activation {name}": Rounds(output=True) for name in OUR_ACTIVATIONS}
    rows += _rows(known, "edgekit")
    for because, names in _grouped(IN_FLOAT).items():
        rows.append(f"| {names} | in float | | {because} |")
    return "\n".join([*lines, *rows])


def page() -> str:
    """Return the page with the table as it should be."""
    before, rest = PAGE.read_text().split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


def _rows(kinds: Mapping[str, Rounds], by: str) -> Iterator[str]:
    texts = {}
    for name, rounds in kinds.items():
        output = ["output"] if rounds.output or rounds.activations else []
        texts[name] = f"{', '.join([*rounds.weights, *output]) or '–'} | {rounds.note}"  # noqa: RUF001  (an en dash, as in other tables)
    for text, names in _grouped(texts).items():
        yield f"| {names} | {by} | {text} |"


def _grouped(texts: Mapping[str, str]) -> dict[str, str]:
    """Return text -> the names that have it."""
    names = defaultdict(list)
    for name, text in texts.items():
        names[text].append("keras.ops" if name == "KerasOp" else name)
    return {text: ", ".join(sorted(each)) for text, each in names.items()}


if __name__ == "__main__":
    PAGE.write_text(page())
