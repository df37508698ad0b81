"""Say layer by layer what quantization-aware training will do with a model; nothing is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.bridge.qat import listing
from edgekit.bridge.qat.listing import QatLayer
from edgekit.core import registry
from edgekit.core.child_process import Child
from edgekit.core.errors import BadInput
from edgekit.core.types import AnyPath, is_path
from edgekit.source_model.reference import CHILD_ENV

if TYPE_CHECKING:
    import keras

_MODELS = (".keras", ".h5", ".hdf5")


def qat_layers(model: keras.Model | AnyPath, *, custom: AnyPath | None = None) -> list[QatLayer]:
    """Say for each layer whether quantization-aware training rounds it, by whom, or why not.

    Nothing is trained or converted; it takes seconds.

    Args:
        model: A Keras 3 model; or the path of a `.keras` or `.h5` file; or a recipe, by its name or
            the path of its file.
        custom: A Python file with the file's own layers, and the calls of `edgekit.register_qat`
            that go with them. It is run.

    Returns:
        An entry for each layer and each operation between layers, in the order in which they are
        called; those of nested models by a path such as `backbone/conv`.

    Raises:
        NotFound: There is no such file or recipe.
        BadInput: It cannot be loaded.
        UnsupportedLayer: It is no Sequential or functional Keras 3 model.
    """
    if not is_path(model):
        if custom is not None:
            raise BadInput(
                "custom is for a model file; a model in memory has its layers already. Leave it "
                "out, and call edgekit.register_qat."
            )
        return list(listing.qat_layers(model))
    path = None if custom is None else Path(custom)
    return Child(env=CHILD_ENV).call(_listed, str(model), path)


def _listed(model: str, custom: Path | None) -> list[QatLayer]:
    """Load a model and list its layers; runs in a child process."""
    from edgekit.intake.model import run_custom
    from edgekit.source_model.loading import load_model

    if custom:
        run_custom(custom)
    if Path(model).suffix == ".tflite":
        raise BadInput(
            f"'{model}' is converted already; what quantization-aware training rounds is told of a "
            ".keras or .h5 model, or of a recipe. Give the model that the file was made of."
        )
    if Path(model).suffix in _MODELS or Path(model).is_dir():
        return list(listing.qat_layers(load_model(Path(model))))
    return list(listing.qat_layers(registry.get("recipes", model).build("full")))
