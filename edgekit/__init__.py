"""From a Keras recipe to a `.tflite` that was run, and compared, where it is meant to run.

The functions here are the verbs of the command line. Importing this package loads no framework.
"""

from edgekit.benching import bench
from edgekit.checking import check
from edgekit.conversion import convert
from edgekit.environments import doctor, setup
from edgekit.inspection import inspect
from edgekit.keras_bridge import to_keras, to_tf_keras
from edgekit.pipeline import build
from edgekit.proving import verify
from edgekit.reporting import load as load_report

__all__ = [
    "bench",
    "build",
    "check",
    "convert",
    "doctor",
    "inspect",
    "load_report",
    "setup",
    "to_keras",
    "to_tf_keras",
    "verify",
]
