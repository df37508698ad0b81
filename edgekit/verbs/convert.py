"""Convert a user's model, run the result where it will be used, and compare it with its source."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.core import registry
from edgekit.core.errors import BadInput, NotFound, Unavailable
from edgekit.core.kinds import Artifact
from edgekit.core.paths import atomic
from edgekit.core.types import Progress, silent
from edgekit.core.variant import PRECISIONS, Precision
from edgekit.running.place import Place, places
from edgekit.source_model.recurrent import DEFAULT, Form, check_form
from edgekit.tflite.sidecar import write_sidecar
from edgekit.verbs.verify import Proof, prove, vectors_path


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A converted file with the proof of it.

    Attributes:
        artifact: The file; its name ends in `.rejected` if it broke a limit.
        proofs: One for each runtime, whether it ran or not.
        notes: What was decided for the user, such as a batch size fixed at 1.
    """

    artifact: Artifact
    proofs: tuple[Proof, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether at least one runtime ran it and none found it wrong."""
        ran = [proof for proof in self.proofs if proof.status == "measured"]
        return bool(ran) and all(proof.ok is not False for proof in self.proofs)


def convert(
    model: Path,
    out: Path,
    *,
    precision: Precision = "float32",
    calibration: Path | None = None,
    target: str = "",
    float_io: bool = False,
    recurrent: Form = DEFAULT,
    progress: Progress = silent,
) -> Conversion:
    """Convert a Keras model file or a SavedModel to a verified `.tflite`.

    `<stem>.json` (what the file is and how it was made) and `<stem>.vectors.npz` (inputs and the
    source's answers) are written beside `out`; `edgekit verify` proves the file again from them.

    Args:
        model: `.keras`, `.h5` or a SavedModel folder.
        out: The `.tflite` to write. It appears only if it was run and is within the limits;
            otherwise it is written as `<out>.rejected`.
        precision: One of `edgekit.core.variant.PRECISIONS`.
        calibration: `.npz` with one array per input, batch axis first; int8 and int16x8 need it.
            Its first examples are also used for the comparison; without it, random input is.
        target: Where it must run; if empty, on every CPU runtime present here.
        float_io: For int8 and int16x8: floats go in and out; by default integers do, with the
            scale and zero point given in the file.
        recurrent: One of `edgekit.source_model.recurrent.FORMS`: the form of LSTM, GRU and
            SimpleRNN layers.
        progress: Told how far it is.

    Raises:
        BadInput: The request, the model or the calibration data cannot be used.
        ConversionFailed: The converter refused or crashed; the message names cause and remedy.
        Unavailable: No runtime that could verify the result is present.
    """
    if precision not in PRECISIONS:
        raise BadInput(f"precision is '{precision}'; allowed are {', '.join(PRECISIONS)}.")
    if out.suffix != ".tflite":
        raise BadInput(f"The output is '{out}'; give a name that ends in .tflite.")
    if not model.exists():
        raise NotFound(f"There is no '{model}'; give a .keras or .h5 file or a SavedModel folder.")
    check_form(recurrent)
    chosen = _places(target)
    with tempfile.TemporaryDirectory() as scratch:
        draft, vectors = Path(scratch) / "model.tflite", Path(scratch) / "vectors.npz"
        progress(0.1, f"converting to {precision}")
        artifact = registry.get("converters", "tflite").convert(
            model,
            draft,
            precision=precision,
            calibration=calibration,
            float_io=float_io,
            recurrent=recurrent,
            vectors=vectors,
        )
        against = "source model" if calibration else "source model, on random input"
        proofs = []
        for name, place in chosen.items():
            progress(0.8, f"running it on {name}")
            proofs.append(
                prove(draft, place, vectors=vectors, precision=precision, against=against)
            )
        return _deliver(artifact, vectors, out, proofs)


def _places(target: str) -> dict[str, Place]:
    """Return where to prove the file: at the target asked for, or on the CPU runtimes here."""
    if target:
        chosen = places((target,))
        if reason := chosen[target].missing():
            raise Unavailable(f"Target '{target}' cannot be verified here: {reason}")
        return chosen
    chosen = places(("cpu", "litert"))
    if all(place.missing() for place in chosen.values()):
        raise Unavailable("No runtime is here to verify the result; run `edgekit setup`.")
    return chosen


def _deliver(artifact: Artifact, vectors: Path, out: Path, proofs: Sequence[Proof]) -> Conversion:
    """Put the file and what proves it under their final names, the file last."""
    notes = tuple(value for key, value in artifact.made_by.items() if key.startswith("note"))
    named = [replace(proof, file=str(out)) for proof in proofs]
    result = Conversion(artifact=artifact, proofs=tuple(named), notes=notes)
    path = out if result.ok else out.with_name(out.name + ".rejected")
    final = replace(artifact, path=path)
    if result.ok:
        with atomic(vectors_path(out)) as temporary:
            temporary.write_bytes(vectors.read_bytes())
        write_sidecar(final, out.with_suffix(".json"))
    with atomic(path) as temporary:
        temporary.write_bytes(artifact.path.read_bytes())
    return replace(result, artifact=final)
