"""Load a source model as the user wants it: with their code, one signature, other shapes."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from edgekit.core.errors import BadInput, NotFound, reason
from edgekit.intake.dequantizing import dequantized
from edgekit.intake.dtype_policies import in_float32
from edgekit.intake.joined_outputs.joints import how_to_join, renamed
from edgekit.intake.joined_outputs.splitting import separate_outputs
from edgekit.intake.look_ups.splitting import remember, split_look_ups
from edgekit.intake.names import with_names
from edgekit.intake.options import Options
from edgekit.intake.shapes import Shape, with_shapes
from edgekit.intake.signatures import each_part, with_beside
from edgekit.source_model.interface import SavedModel, SourceModel
from edgekit.source_model.loading import load_model

_LIBRARIES = ("keras", "tf_keras")


def load(
    path: Path,
    *,
    custom: Path | None = None,
    signature: str = "",
    beside: Sequence[str] = (),
    shapes: Mapping[str, Shape] | None = None,
    names: Mapping[str, str] | None = None,
    split_outputs: bool = False,
) -> tuple[SourceModel, tuple[str, ...]]:
    """In a child: load a model file, and change what the user wants or TFLite needs changed.

    Args:
        path: As `edgekit.source_model.loading.load_model` takes it.
        custom: A Python file with the model's own layers and functions. It is run.
        signature: Of a SavedModel; "" for the usual one.
        beside: Further signatures, for the same file.
        shapes: Input name -> its shape, batch axis first; "" names a lone input.
        names: Own name of an input or output -> the one it gets; see `edgekit.intake.names`.
        split_outputs: Whether the parts of a last Concatenate become outputs of their own.

    Returns:
        The model, and sentences on what was changed or left out.

    Raises:
        NotFound, BadInput: It cannot be loaded, or not so.
    """
    if custom:
        run_custom(custom)
    if split_outputs and beside:
        raise BadInput(
            f"You asked for separate outputs (split_outputs) and {1 + len(beside)} signatures in "
            "one file; outputs are separated in one. Convert that signature by itself."
        )
    model = with_beside(load_model(path, signature=signature), beside, path)
    model, split = split_look_ups(model)
    notes = []
    if isinstance(model, SavedModel) and model.left_out:
        left_out = ", ".join(f"'{name}'" for name in model.left_out)
        all_names = [model.signature_name, *(each.signature_name for each in model.beside)]
        converted = " and ".join(f"'{name}'" for name in all_names)
        notes.append(f"Converted is the signature {converted}; left out: {left_out} (--signature).")
    model, as_floats = dequantized(model)
    model, in_float = in_float32(model)
    model = each_part(model, shapes or {}, with_shapes, what="shape")
    joined = ""
    if split_outputs:
        model, joints = separate_outputs(model)
        joined = how_to_join([renamed(joint, names or {}) for joint in joints])
    # What is kept with the model itself comes last: copies would lose it.
    remember(model, split, is_changed=bool(in_float or shapes or split_outputs))
    model = each_part(model, names or {}, with_names, what="name")
    return model, tuple(filter(None, [*notes, as_floats, in_float, joined]))


def load_asked(path: Path, options: Options) -> tuple[SourceModel, tuple[str, ...]]:
    """In a child: load a model file as the options of a conversion say; see `load`."""
    return load(
        path,
        custom=options.custom,
        signature=options.signature,
        beside=options.beside,
        shapes=options.shapes,
        names=options.names,
        split_outputs=options.split_outputs,
    )


def run_custom(path: Path) -> None:
    """Run a Python file and let Keras find the classes and functions that are defined in it.

    Raises:
        NotFound: There is no such file.
        BadInput: It is no Python file, or fails.
    """
    if not path.is_file() or path.suffix != ".py":
        raise NotFound(f"There is no Python file '{path}'; give the .py with the model's layers.")
    name = f"edgekit_custom_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        raise BadInput(
            f"'{path}' fails: {type(error).__name__}: {reason(error)}. It has to run alone; keep "
            "training out of it (if __name__ == '__main__')."
        ) from error
    own = {
        name: value
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__ and callable(value)
    }
    for library in _LIBRARIES:
        # Those that a decorator registered are there already, under package and name.
        known = importlib.import_module(library).saving.get_custom_objects()
        known.update({name: value for name, value in own.items() if name not in known})
