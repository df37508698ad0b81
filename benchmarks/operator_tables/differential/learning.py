"""Write what becomes of drawn files to the table of operators that `check` reads."""

from __future__ import annotations

import datetime
import json
import platform
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from edgekit.core.paths import packaged
from edgekit.operators.measured import trait_key

from .asking import RIGHT

LEARNED: Mapping[str, str] = {
    "cpu": "tflite_runtime_2_14",
    "litert": "litert_2_3",
    "gpu": "gpu",
}
"""Target -> column of the table."""

_MOSTLY = 0.6
"""Share of files with a trait that must fail before the trait is to blame: a wrong scale, say, may
leave the answer to a single number right by chance."""

_UNSAFE = re.compile("^crashes|Invalid tensor index")
"""How a runtime ends that read memory it should not have: once is enough."""

_NO_VERSION = "Didn't find op"
"""What an interpreter says of an operator's version, which the table holds already."""

_SEVERAL = 2
"""Files without anything special that must fail before their types are to blame, or their rank."""

_IMAGES, _HIGHEST = 4, 6
"""Rank of images, and the highest that is drawn."""

_DOUBTFUL = 0.1
"""Share of files that fail, for no reason that is known, from which on nobody can be sure."""

_SURE = 3
"""Files that must be right, and none wrong, before an earlier refusal is taken back."""

Row = dict[str, Any]
Entry = dict[str, Any]


def learn(rows: Sequence[Row]) -> None:
    """Add what was found to the table."""
    path = packaged("operators", "operators.json")
    table = json.loads(path.read_text(encoding="utf-8"))
    for target, column in LEARNED.items():
        asked = [row for row in rows if target in row["does"]]
        by_operator = defaultdict(list)
        for row in asked:
            by_operator[row["operator"]].append(row)
        for operator, some in sorted(by_operator.items()):
            entry = table["operators"].setdefault(operator, {}).setdefault(column, {})
            _learn_operator(entry, [(row, row["does"][target]) for row in some])
    drawn = f"drawn files: {len(rows)}, {platform.machine()}, {datetime.date.today()}"
    known = re.sub(r"; drawn files: .*?(?=; traits: |$)", "", table["machine"])
    head, _, traits = known.partition("; traits: ")
    table["machine"] = f"{head}; {drawn}; traits: {traits}"
    path.write_text(_text(table), encoding="utf-8")


def _learn_operator(entry: Entry, found: Sequence[tuple[Row, str]]) -> None:
    """Add to an operator's entry what became of its files; each with what was seen of it."""
    by_types = defaultdict(list)
    for row, said in found:
        if _NO_VERSION not in said:
            by_types[row["types"]].append((row, said))
    for types, some in by_types.items():
        if all(said != RIGHT for _, said in some) and types in entry.get("types_refused", {}):
            by_types[types] = []
            continue
        blamed = _blamed(some)
        for trait, words in blamed.items():
            _refuse(entry, "traits", trait_key(trait, types), words)
        by_types[types] = [each for each in some if not set(each[0]["traits"]) & set(blamed)]
    _learn_ranks(entry, [each for some in by_types.values() for each in some])
    refused = entry.get("ranks_refused", {})
    for types, some in by_types.items():
        known = [(row, said) for row, said in some if str(row["rank"]) not in refused]
        _learn_types(entry, types, known)
        _learn_traits(entry, types, known)


def _learn_traits(entry: Entry, types: str, found: Sequence[tuple[Row, str]]) -> None:
    for trait in {trait for row, _ in found for trait in row["traits"]}:
        having = [said for row, said in found if trait in row["traits"]]
        if RIGHT in having:
            sure = len(having) >= _SURE and set(having) == {RIGHT}
            _accept(entry, "traits", trait_key(trait, types), even_if_refused=sure)
        _doubt(entry, trait_key(trait, types), having)


def _blamed(found: Sequence[tuple[Row, str]]) -> dict[str, str]:
    """Return the traits that most files fail with, which have no other such trait, and how."""
    blamed: dict[str, str] = {}
    while True:
        left = [(row, said) for row, said in found if not set(row["traits"]) & set(blamed)]
        shares, words = {}, {}
        for trait in {trait for row, _ in left for trait in row["traits"]}:
            having = [said for row, said in left if trait in row["traits"]]
            wrong = [said for said in having if said != RIGHT]
            share = len(wrong) / len(having)
            blame = 1.0 if any(map(_UNSAFE.search, wrong)) else share
            shares[trait] = (blame, share, len(wrong))
            words[trait] = _words(wrong)
        # What fails alike without the trait is not the trait's fault.
        bare = [said for row, said in left if not row["traits"]]
        usual = sum(said != RIGHT for said in bare) / len(bare) if bare else 0.0
        worst = max(shares, key=lambda trait: shares[trait], default="")
        if not worst or shares[worst][0] < max(_MOSTLY, usual + 0.01):
            return blamed
        blamed[worst] = words[worst]


def _learn_types(entry: Entry, types: str, found: Sequence[tuple[Row, str]]) -> None:
    wrong = [said for _, said in found if said != RIGHT]
    if len(wrong) >= max(_SEVERAL, _MOSTLY * len(found)):
        _refuse(entry, "types", types, _words(wrong))
    elif len(wrong) < len(found):
        sure = len(found) >= _SURE and not wrong
        _accept(entry, "types", types, even_if_refused=sure)
        _doubt(entry, types, [said for row, said in found if not row["traits"]])


def _learn_ranks(entry: Entry, found: Sequence[tuple[Row, str]]) -> None:
    """Blame a rank at which files of types fail that are right at others, and higher ones."""
    right = {row["types"] for row, said in found if said == RIGHT}
    by_rank = defaultdict(list)
    for row, said in found:
        if row["types"] in right:
            by_rank[str(row["rank"])].append(said)
    for rank, some in by_rank.items():
        wrong = [said for said in some if said != RIGHT]
        if len(wrong) < len(some):
            _accept(entry, "ranks", rank, even_if_refused=True)
        elif len(wrong) >= _SEVERAL:
            _refuse(entry, "ranks", rank, _words(wrong))
    for high in range(_IMAGES + 1, _HIGHEST):
        words = entry.get("ranks_refused", {}).get(str(high), "")
        if words and str(high + 1) not in entry.get("ranks", ()):
            _refuse(entry, "ranks", str(high + 1), words)


def _doubt(entry: Entry, key: str, said: Sequence[str]) -> None:
    """Note that files are right and wrong, if many are wrong, and nobody knows why."""
    wrong = sum(each != RIGHT for each in said)
    doubtful = wrong >= _DOUBTFUL * len(said) and 0 < wrong < len(said)
    entry["unsure"] = sorted({*entry.get("unsure", ())} | ({key} if doubtful else set()))


def _accept(entry: Entry, what: str, key: str, *, even_if_refused: bool) -> None:
    if key in entry.get(f"{what}_refused", {}):
        if not even_if_refused:  # a wrong answer outweighs right ones
            return
        del entry[f"{what}_refused"][key]
    entry[what] = sorted({*entry.get(what, ()), key})


def _refuse(entry: Entry, what: str, key: str, words: str) -> None:
    entry[what] = [each for each in entry.get(what, ()) if each != key]
    refused = {**entry.get(f"{what}_refused", {})}
    refused.setdefault(key, words)
    entry[f"{what}_refused"] = dict(sorted(refused.items()))


def _words(wrong: Sequence[str]) -> str:
    """Return the most usual of what was said, without places in sources and numbers of tensors."""
    plain = []
    for said in wrong:
        words = re.sub(r"^\w+Error: |\S+\.(?:cc|h)(?::\d+)?:?\]?\s*|└|ERROR: \[?", "", said)
        words = re.sub(r"\(-?\d[^)]*\)|\s*Node number.*|by \d+% of the range", "", words)
        plain.append(" ".join(words.split())[:120].strip() or "crashes")
    return Counter(plain).most_common(1)[0][0] if plain else ""


def _text(table: Mapping[str, Any]) -> str:
    operators = dict(sorted(table["operators"].items()))
    lines = ",\n".join(f"    {json.dumps(k)}: {json.dumps(_tidy(v))}" for k, v in operators.items())
    head = "".join(f"  {json.dumps(k)}: {json.dumps(table[k])},\n" for k in ("source", "machine"))
    return f'{{\n{head}  "operators": {{\n{lines}\n  }}\n}}\n'


def _tidy(columns: Mapping[str, Entry]) -> dict[str, Entry]:
    """Leave out what is empty."""
    return {
        column: {k: v for k, v in entry.items() if v or k == "versions"}
        for column, entry in columns.items()
    }
