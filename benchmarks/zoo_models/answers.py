"""Run a `.tflite` on fresh examples, with an interpreter and nothing of edgekit's.

`python answers.py FILE.tflite FRESH.npz OUT.npz`, in an environment that has tflite-runtime or
LiteRT. Reads `input:NAME` arrays, writes output name -> answers.
"""

import sys
from typing import Any

import numpy as np

try:
    from tflite_runtime.interpreter import Interpreter
except ImportError:
    from ai_edge_litert.interpreter import Interpreter


def main(file: str, fresh: str, out: str) -> None:
    """Write the file's answers."""
    interpreter = Interpreter(file, num_threads=1)
    interpreter.allocate_tensors()
    run = interpreter.get_signature_runner()
    takes, gives = run.get_input_details(), run.get_output_details()
    arrays = np.load(fresh)
    given = {name[6:]: arrays[name] for name in arrays.files if name.startswith("input:")}
    lone = next(iter(given.values())) if len(given) == 1 else None
    inputs = {name: given[name] if lone is None else lone for name in takes}
    answers = {name: [] for name in gives}  # type: ignore[var-annotated]
    for k in range(len(next(iter(inputs.values())))):
        interpreter.reset_all_variables()  # a fused LSTM would go on from the last example
        one = {}
        for name, details in takes.items():
            value, (scale, zero) = inputs[name][k : k + 1], details["quantization"]
            if scale:
                limits = np.iinfo(details["dtype"])
                value = np.clip(np.rint(value / scale + zero), limits.min, limits.max)
            one[name] = value.astype(details["dtype"]).reshape(details["shape"])
        for name, value in run(**one).items():
            scale, zero = gives[name]["quantization"]
            answers[name].append((value.astype(np.float64) - zero) * scale if scale else value)
    joined: dict[str, Any] = {name: np.concatenate(values) for name, values in answers.items()}
    np.savez(out, **joined)


if __name__ == "__main__":
    main(*sys.argv[1:])
