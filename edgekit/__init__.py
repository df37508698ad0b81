"""From a Keras recipe to a `.tflite` that was run, and compared, where it is meant to run.

A model of your own:

- `convert`: a Keras model or SavedModel to a verified `.tflite`
- `explain`: which layers lose what in a quantized file, and what helps
- `inspect`: what is in a `.tflite`
- `compare`: two files side by side: sizes, operators, answers, latency
- `slim`: the same answers in fewer bytes
- `check`: whether a target will run it, from tables
- `verify`: run it, and compare with the reference
- `run`: ask it about pictures, sounds, texts
- `bench`: time it

Recipes:

- `build`: train, optimize, convert, verify and report a recipe
- `build_many`: several, at once or on a cluster
- `rebuild`: build a run folder again from its plan, and compare
- `optimize`: find the smallest file of it, or of a model of yours, that keeps to limits
- `load_report`: read the report of a build again
- `bundle`: pack verified models for one kind of device
- `data_list`, `data_get`: the public data that recipes train on

This machine:

- `setup`: create runtime environments, GPU driver, Raspberry Pi root
- `doctor`: what is here, what is missing

Quantization-aware training:

- `qat_layers`: which layers it rounds, before it begins, and why not the others
- `register_qat`: let it take a layer class of your own

`to_tf_keras` and `to_keras` carry a model from Keras 3 to tf_keras and back. What edgekit explains
in one sentence is an `EdgekitError`. Verbs have the names of the command line. Each is imported
when it is first used, so that importing this package loads neither a framework nor NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgekit.bridge.carry import to_keras, to_tf_keras
    from edgekit.bridge.own.registering import register_qat
    from edgekit.building.pipeline import build
    from edgekit.building.rebuilding import rebuild
    from edgekit.core.errors import EdgekitError
    from edgekit.reporting.report_json import load_report
    from edgekit.search.optimizing import optimize
    from edgekit.tasks.many_builds import build_many
    from edgekit.verbs.bench import bench
    from edgekit.verbs.bundle.packing import bundle
    from edgekit.verbs.check import check
    from edgekit.verbs.compare.comparing import compare
    from edgekit.verbs.convert import convert
    from edgekit.verbs.data import data_get, data_list
    from edgekit.verbs.doctor.doctor import doctor
    from edgekit.verbs.explain import explain
    from edgekit.verbs.inspect import inspect
    from edgekit.verbs.qat.layers import qat_layers
    from edgekit.verbs.run.asking import run
    from edgekit.verbs.setup import setup
    from edgekit.verbs.slim import slim
    from edgekit.verbs.verify import verify

    __version__: str

__all__ = [
    "EdgekitError",
    "bench",
    "build",
    "build_many",
    "bundle",
    "check",
    "compare",
    "convert",
    "data_get",
    "data_list",
    "doctor",
    "explain",
    "inspect",
    "load_report",
    "optimize",
    "qat_layers",
    "rebuild",
    "register_qat",
    "run",
    "setup",
    "slim",
    "to_keras",
    "to_tf_keras",
    "verify",
]

_MODULES = {
    "EdgekitError": "core.errors",
    "bench": "verbs.bench",
    "build": "building.pipeline",
    "build_many": "tasks.many_builds",
    "bundle": "verbs.bundle.packing",
    "check": "verbs.check",
    "compare": "verbs.compare.comparing",
    "convert": "verbs.convert",
    "data_get": "verbs.data",
    "data_list": "verbs.data",
    "doctor": "verbs.doctor.doctor",
    "explain": "verbs.explain",
    "inspect": "verbs.inspect",
    "load_report": "reporting.report_json",
    "optimize": "search.optimizing",
    "qat_layers": "verbs.qat.layers",
    "rebuild": "building.rebuilding",
    "register_qat": "bridge.own.registering",
    "run": "verbs.run.asking",
    "setup": "verbs.setup",
    "slim": "verbs.slim",
    "to_keras": "bridge.carry",
    "to_tf_keras": "bridge.carry",
    "verify": "verbs.verify",
}
"""Public name -> the module below this package that holds it."""


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("edgekit-tflite")
    if name not in _MODULES:
        raise AttributeError(f"module 'edgekit' has no attribute '{name}'")
    module = import_module(f"edgekit.{_MODULES[name]}")
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return [*globals(), *__all__, "__version__"]
