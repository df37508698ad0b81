"""Ask the real runtimes what they run, and write `edgekit/operators/operators.json`.

    edgekit setup tflite-runtime gpu microcontroller web
    python benchmarks/operator_tables/probe_operators.py [--special] [--operator NAME ...]
        [--runtime NAME]

Needs TensorFlow. The Vulkan driver may be a software one: what it computes is asked, not how fast.
All operators take some 15 minutes on two cores. With `--operator`, only the operators named are
asked for; what was found is printed, and the table stays as it is. What is found then may be less
than the table holds, which also counts how an operator did in the files of others.

With `--special`, only what is special is asked: groups of channels, several images, unequal
batches, scales that converters do not write (`edgekit.operators.traits`); the rest of the table
stays as it is. That takes some nine minutes.

With `--runtime`, one runtime alone is asked, for everything, and the others' columns stay.

Versions are asked of the interpreter's resolver by files with one operator of each version. Types
and ranks are asked by converting and running one small function for each operator: an answer within
the tolerance of TensorFlow's is a yes; a refusal, a crash or a wrong answer is a no, with the
runtime's words. What drawn files showed is then learned again: `differential_test.py --learn`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from probe_files import ProbeFile, probe_files
from quantize_files import quantize_files
from resolver_versions import NEWEST_VERSION, resolver_versions
from runtime_process import Worker

from edgekit.core import registry
from edgekit.core.paths import packaged
from edgekit.operators.measured import trait_key
from edgekit.running.browser.litert_js import TENSORS
from edgekit.tflite.editing import pack, unpack

Asked = Mapping[str, tuple[Mapping[str, list[int]] | None, "Findings"]]
"""Column of the table -> the versions its resolver has, if it has one, and what it answered."""


_EXACT = 0.02
"""Files whose answers are held to this compute in float."""

_ROUNDED = 0.3
"""Share of whole numbers, or of yes and no, that may differ where rounding decides."""


@dataclass
class Findings:
    """What one runtime said of each operator: type key, rank or trait -> "" for yes, or why not."""

    types: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    ranks: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    traits: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    newest: dict[str, int] = field(default_factory=dict)
    _distance: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, probe: ProbeFile, blamed: Mapping[str, str]) -> None:
        """Note an answer: which operators are to blame for what, or none if it was right.

        One right answer outweighs any number of wrong ones.
        """
        for name, types, rank, traits in probe.operators:
            if blamed and name not in blamed:
                continue
            self._add_traits(name, types, traits, blamed.get(name, ""))
            if traits and blamed:  # what is special may be to blame, not the types
                continue
            tables = [(self.types, types)]
            # Ranks are counted with floats and bools only: a type's refusal is not a rank's.
            plain = types.startswith(("float32", "bool")) or types.endswith(">float32")
            if plain and "/" not in types:
                tables.append((self.ranks, str(rank)))
            for table, key in tables:
                # Of several refusals, the one at the most usual rank says most.
                distance = abs(rank - 4)
                closer = distance < self._distance.get((name, key), 99)
                if not blamed:
                    table[name][key] = ""
                elif closer and table[name].get(key, "?"):
                    self._distance[name, key] = distance
                    table[name][key] = blamed[name]

    def _add_traits(self, name: str, types: str, traits: Sequence[str], why: str) -> None:
        """Note an answer of an operator that is special in some way; a wrong one outweighs all.

        Where it is special in several ways, nobody knows which is to blame.
        """
        for trait in traits:
            key = trait_key(trait, types)
            if not why:
                self.traits[name].setdefault(key, "")
            elif len(traits) == 1 and not self.traits[name].get(key):
                self.traits[name][key] = why


def try_files(worker: Worker, how: str, probes: Iterable[ProbeFile], folder: Path) -> Findings:
    """Run every file and compare its answer with TensorFlow's."""
    findings = Findings()
    for number, probe in enumerate(probes):
        blamed = _try(worker, how, probe, folder / "out.npz")
        if blamed and not _is_refusal(blamed):
            # Perhaps only because of what an earlier file left behind in the process.
            worker.stop()
            blamed = _try(worker, how, probe, folder / "out.npz")
        findings.add(probe, blamed)
        if number % 100 == 0:
            print(f"{how} {number}: {probe.label} {blamed}", file=sys.stderr)
    return findings


def _try(worker: Worker, how: str, probe: ProbeFile, out: Path) -> dict[str, str]:
    """Return the operators to blame and why; {} if the answer was right."""
    out.unlink(missing_ok=True)
    ok, error, log = worker.ask(
        how=how, file=probe.path, inputs=probe.inputs, outputs=str(out),
        output_types=probe.output_types, backend=_BACKEND,
    )  # fmt: skip
    if ok:
        why = _verdict(probe, out)
        return {probe.target: why} if why else {}
    names = {name for name, *_ in probe.operators}
    said = f"{error.removeprefix('RuntimeError: ')}\n{log}"
    told = re.findall(r"^(?:ERROR: )?([A-Z0-9_]+): (.+)$", said, re.MULTILINE)
    blamed = {name: _plain(words) for name, words in told if name in names}
    return blamed or {probe.target: _reason(error, log)}


def _is_refusal(blamed: Mapping[str, str]) -> bool:
    """Whether a runtime named what it does not take, rather than failing at it."""
    return not any(why.startswith(("answers", "crashes", "no answer")) for why in blamed.values())


def newest_on_gpu(worker: Worker, probes: Iterable[ProbeFile], known: Mapping[str, list[int]],
                  folder: Path) -> dict[str, int]:  # fmt: skip
    """Return operator -> newest version the accelerator takes, asked with a file it runs."""
    newest: dict[str, int] = {}
    path, out = folder / "newest.tflite", folder / "out.npz"
    for probe in probes:
        names = {name for name, *_ in probe.operators} - set(newest)
        if not names or _try(worker, "gpu", probe, out):
            continue
        for name in names:
            highest = max(known.get(name, [1]))
            path.write_bytes(_with_version(Path(probe.path).read_bytes(), name, highest))
            refused = _try(worker, "gpu", replace(probe, path=str(path)), out)
            limit = re.search(r"Max version supported: (\d+)", str(refused))
            newest[name] = int(limit[1]) if limit else highest
    return newest


def _with_version(content: bytes, name: str, version: int) -> bytearray:
    model = unpack(content)
    for code in model.operatorCodes:
        if code.builtinCode == getattr(schema.BuiltinOperator, name):
            code.version = version
    return pack(model)


def _verdict(probe: ProbeFile, out: Path) -> str:
    """Return "" if the answer agrees with TensorFlow's, else by how much it does not."""
    with np.load(out) as answer, np.load(probe.expected) as expected:
        for key in expected.files:
            got, want = (np.asarray(a[key], np.float64).ravel() for a in (answer, expected))
            if got.shape != want.shape:
                return f"answers {got.size} values instead of {want.size}"
            if expected[key].dtype.kind in "biu" and probe.tolerance > _EXACT:
                other = float(np.mean(got != want)) if want.size else 0.0
                if other > _ROUNDED:
                    return f"answers other values for {other:.0%}"
                continue
            spread = max(float(np.ptp(want)) if want.size else 0.0, 1e-3)
            if not np.isfinite(got).all():
                return "answers what is no number"
            error = float(np.max(np.abs(got - want), initial=0.0)) / spread
            if not error <= probe.tolerance:
                return f"answers wrong, by {min(error, 999):.0%} of the range"
    return ""


def _reason(error: str, log: str) -> str:
    """Return why a runtime refused a file, in its own words where it says them."""
    if error in ("crashes", "no answer in time"):
        return error
    told = ("ERROR: ", "WARNING: Attempting")
    lines = [line.split(": ", 1)[1] for line in log.splitlines() if line.startswith(told)]
    lines += error.split(": ", 1)[-1].strip().splitlines()
    words = [plain for line in lines if len(plain := _plain(line)) > 3]
    return words[0] if words else error.strip()[:100]


def _plain(words: str) -> str:
    """Return words without file names, line numbers, names of tensors and what follows."""
    words = re.sub(r"^(?:ERROR: )?\[[^]]*\]|^└ ", "", words)
    words = re.sub(r"\S+\.(?:cc|h)(?::\d+)?:?\s*", "", words)
    words = re.sub(r"((?:is not supported|less than \d)\.) .*", r"\1", words)
    words = re.sub(r"Tensor \"[^\"]*\"", "A tensor", words)
    words = re.sub(
        r"\s*(Node number|Failed to apply|An older version|See instructions).*", "", words
    )
    return words.strip(" ]")[:120]


def table_of(
    versions: Mapping[str, list[int]] | None, findings: Findings, name: str
) -> dict[str, Any]:
    """Return one operator's entry for one runtime."""
    entry: dict[str, Any] = {}
    if versions is not None:
        entry["versions"] = versions.get(name, [])
    elif name in findings.newest:
        entry["versions"] = list(range(1, findings.newest[name] + 1))
    for what in ("types", "ranks", "traits"):
        told = getattr(findings, what).get(name, {})
        accepted = sorted(key for key, why in told.items() if not why)
        refused = {key: why for key, why in sorted(told.items()) if why}
        if what == "ranks" and not accepted:  # its types are refused; its ranks say nothing more
            continue
        entry |= {what: accepted} if accepted else {}
        entry |= {f"{what}_refused": refused} if refused else {}
    return entry


def main() -> None:
    """Probe all runtimes and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", type=Path, help="keep the probe files in this folder")
    parser.add_argument(
        "--operator", action="append", default=[], help="only print what is found of it"
    )
    parser.add_argument("--special", action="store_true", help="ask only what is special")
    parser.add_argument("--runtime", choices=[runtime for _, runtime in _COLUMNS.values()])
    chosen = parser.parse_args()
    workers = {
        column: (how, _worker(runtime))
        for column, (how, runtime) in _COLUMNS.items()
        if chosen.runtime in (None, runtime)
    }
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.keep or Path(scratch)
        probes = [*probe_files(folder / "special", chosen.operator, special=True)]
        if not chosen.special:
            probes += [*probe_files(folder, chosen.operator), *quantize_files(folder)]
        if chosen.operator:
            probes = [probe for probe in probes if probe.target in chosen.operator]
        print(f"{len(probes)} files", file=sys.stderr)
        versions, findings = {}, {}
        for name, (how, worker) in workers.items():
            if how != "gpu" and not chosen.special:
                versions[name] = _versions(worker, how, folder, chosen.operator)
            findings[name] = try_files(worker, how, _askable(how, probes), folder)
        if not chosen.special and "gpu" in workers:
            known = versions["litert_2_3"]
            findings["gpu"].newest = newest_on_gpu(workers["gpu"][1], probes, known, folder)
        gpu = workers.get("gpu")
        adapter = f"; GPU: {_adapter(gpu[1], probes[0], folder)}" if gpu else ""
    machine = f"{platform.machine()}, {datetime.date.today()}{adapter}"
    table = _table({n: (versions.get(n), findings[n]) for n in workers}, machine, chosen.operator)
    if chosen.special:
        table = _with_traits(json.loads(table), machine)
    elif chosen.runtime:
        table = _with_columns(json.loads(table), f"{chosen.runtime}: {machine}")
    if chosen.operator:
        print(table, end="")
    else:
        packaged("operators", "operators.json").write_text(table, encoding="utf-8")


def _askable(how: str, probes: Sequence[ProbeFile]) -> list[ProbeFile]:
    """Leave out files whose inputs or outputs have types that LiteRT.js passes to no model."""
    return [each for each in probes if how != "web" or _types(each) <= set(TENSORS)]


def _types(probe: ProbeFile) -> set[str]:
    with np.load(probe.inputs) as arrays:
        taken = {arrays[key].dtype.name for key in arrays.files}
    return taken | {dtype for _, dtype in probe.output_types}


def _versions(worker: Worker, how: str, folder: Path, only: Sequence[str]) -> dict[str, list[int]]:
    """Return the versions of each operator; TensorFlow Lite Micro looks at none, as two show."""
    if how != "micro":
        return resolver_versions(worker, folder, only)
    ends = [1, NEWEST_VERSION]
    found = resolver_versions(worker, folder, only, ends)
    return {k: [*range(1, 1 + NEWEST_VERSION)] if v == ends else v for k, v in found.items()}


def _with_columns(found: Any, remark: str) -> str:
    """Return the table as it is, with the columns that were found."""
    table = json.loads(packaged("operators", "operators.json").read_text(encoding="utf-8"))
    operators = table["operators"]
    asked = {column for columns in found["operators"].values() for column in columns}
    for columns in operators.values():
        for column in asked & set(columns):
            del columns[column]
    for name, columns in found["operators"].items():
        operators[name] = {**operators.get(name, {}), **columns}
    known, _, traits = table["machine"].partition("; traits: ")
    known = known.partition(f"; {remark.partition(':')[0]}: ")[0]
    return _text(f"{known}; {remark}", dict(sorted(operators.items())), f"traits: {traits}")


def _with_traits(found: Any, machine: str) -> str:
    """Return the table as it is, with the traits that were found in place of its own."""
    path = packaged("operators", "operators.json")
    table = json.loads(path.read_text(encoding="utf-8"))
    operators = table["operators"]
    for columns in operators.values():
        for entry in columns.values():
            for what in _TRAITS:
                entry.pop(what, None)
    for name, columns in found["operators"].items():
        for column, entry in columns.items():
            into = operators.setdefault(name, {}).setdefault(column, {})
            into |= {what: entry[what] for what in _TRAITS if what in entry}
            refused = into.get("types_refused", {})
            known = {k: v for k, v in into.get("traits_refused", {}).items()
                     if k.rpartition(", ")[2] not in refused}  # fmt: skip
            into.pop("traits_refused", None)
            into |= {"traits_refused": known} if known else {}
    return _text(table["machine"], dict(sorted(operators.items())), f"traits: {machine}")


_TRAITS = ("traits", "traits_refused")

_COLUMNS = {
    "tflite_runtime_2_14": ("cpu", "tflite-runtime"),
    "litert_2_3": ("cpu", "litert"),
    "gpu": ("gpu", "litert-gpu"),
    "tflite_micro": ("micro", "tflite-micro"),
    "litert_js_2_5": ("web", "litert-web"),
}
"""Column of the table -> how `probe_worker` asks, and the name of the runtime."""

_BACKEND = str(packaged("running", "micro", "backend.py"))


def _adapter(worker: Worker, probe: ProbeFile, folder: Path) -> str:
    """Return the Vulkan adapter that the accelerator says it chose."""
    worker.stop()
    _, _, log = worker.ask(
        how="gpu", file=probe.path, inputs=probe.inputs, outputs=str(folder / "out.npz"),
        output_types=probe.output_types,
    )  # fmt: skip
    chosen = re.search(r"Selected adapter: ([^,\n]+)", log)
    return chosen[1] if chosen else "not told"


def _worker(runtime: str) -> Worker:
    interpreter = registry.get("runtimes", runtime)
    if missing := interpreter.missing():
        raise SystemExit(missing)
    arguments = ["web"] if runtime == "litert-web" else []
    return Worker(interpreter.command(), arguments=arguments)


def _table(asked: Asked, machine: str, only: Sequence[str]) -> str:
    names = sorted({n for v, f in asked.values() for n in (*(v or {}), *f.types, *f.traits)})
    names = [name for name in names if not only or name in only]
    operators = {
        name: {runtime: table_of(v, f, name) for runtime, (v, f) in asked.items()} for name in names
    }
    return _text(machine, operators)


def _text(machine: str, operators: Mapping[str, Any], more: str = "") -> str:
    lines = ",\n".join(f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in operators.items())
    source = "measured by benchmarks/operator_tables"
    machine = "; ".join(filter(None, (machine.partition("; traits: ")[0], more)))
    head = f'{{\n  "source": "{source}",\n  "machine": "{machine}",\n'
    return f'{head}  "operators": {{\n{lines}\n  }}\n}}\n'


if __name__ == "__main__":
    main()
