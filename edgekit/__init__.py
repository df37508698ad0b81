"""From a Keras recipe to a `.tflite` that was run, and compared, where it is meant to run.

The functions here are the verbs of the command line. Each is imported when it is first used, so
that importing this package loads neither a framework nor NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgekit.bridge.carry import to_keras, to_tf_keras
    from edgekit.building.pipeline import build
    from edgekit.reporting.report_json import load_report
    from edgekit.verbs.bench import bench
    from edgekit.verbs.bundle.packing import bundle
    from edgekit.verbs.check import check
    from edgekit.verbs.convert import convert
    from edgekit.verbs.data import data_get, data_list
    from edgekit.verbs.doctor.doctor import doctor
    from edgekit.verbs.explain import explain
    from edgekit.verbs.inspect import inspect
    from edgekit.verbs.run.asking import run
    from edgekit.verbs.setup import setup
    from edgekit.verbs.slim import slim
    from edgekit.verbs.verify import verify

__all__ = [
    "bench",
    "build",
    "bundle",
    "check",
    "convert",
    "data_get",
    "data_list",
    "doctor",
    "explain",
    "inspect",
    "load_report",
    "run",
    "setup",
    "slim",
    "to_keras",
    "to_tf_keras",
    "verify",
]

_MODULES = {
    "bench": "verbs.bench",
    "build": "building.pipeline",
    "bundle": "verbs.bundle.packing",
    "check": "verbs.check",
    "convert": "verbs.convert",
    "data_get": "verbs.data",
    "data_list": "verbs.data",
    "doctor": "verbs.doctor.doctor",
    "explain": "verbs.explain",
    "inspect": "verbs.inspect",
    "load_report": "reporting.report_json",
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
    if name not in _MODULES:
        raise AttributeError(f"module 'edgekit' has no attribute '{name}'")
    module = import_module(f"edgekit.{_MODULES[name]}")
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return [*globals(), *__all__]
