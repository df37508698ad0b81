"""Five families of keras-hub with small random configurations, handed over as SavedModels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from zoo_models.made import CALIBRATION, FRESH, Kind, Made
from zoo_models.real_data import photos, reviews, spoken

from edgekit.core.types import Batch

if TYPE_CHECKING:
    import keras

COUNT = CALIBRATION + FRESH
WORDS, LENGTH = 800, 32


def bert() -> Made:
    """Return BERT's encoder with its pooled output, on film reviews."""
    import keras_hub

    model = keras_hub.models.BertBackbone(
        vocabulary_size=WORDS,
        num_layers=2,
        num_heads=2,
        hidden_dim=128,
        intermediate_dim=512,
        max_sequence_length=LENGTH,
    )
    ids = _text()
    inputs = {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": (ids > 0).astype(np.int32)}
    return _made(model, inputs, {"sequence_output": "numbers", "pooled_output": "numbers"})


def gpt2() -> Made:
    """Return a causal decoder with learned positions, on film reviews."""
    import keras_hub

    model = keras_hub.models.GPT2Backbone(
        vocabulary_size=WORDS,
        num_layers=2,
        num_heads=2,
        hidden_dim=64,
        intermediate_dim=256,
        max_sequence_length=LENGTH,
    )
    return _made(model, _with_mask(), {"output": "numbers"})


def llama() -> Made:
    """Return a causal decoder with rotary positions, RMS norms and shared keys."""
    import keras_hub

    model = keras_hub.models.LlamaBackbone(
        vocabulary_size=WORDS,
        num_layers=2,
        num_query_heads=4,
        hidden_dim=64,
        intermediate_dim=128,
        num_key_value_heads=2,
    )
    return _made(model, _with_mask(), {"output": "numbers"})


def whisper() -> Made:
    """Return Whisper's encoder and decoder on spoken digits."""
    import keras_hub

    sounds, _ = spoken(COUNT)
    model = keras_hub.models.WhisperBackbone(
        vocabulary_size=WORDS,
        num_layers=2,
        num_heads=2,
        hidden_dim=64,
        intermediate_dim=128,
        num_mels=sounds.shape[2],
        max_encoder_sequence_length=sounds.shape[1] // 2 * 2,
        max_decoder_sequence_length=8,
    )
    ids = _text()[:, :8]
    inputs: Batch = {
        "encoder_features": sounds[:, : sounds.shape[1] // 2 * 2],
        "decoder_token_ids": ids,
        "decoder_padding_mask": np.ones_like(ids),
    }
    kinds: dict[str, Kind] = {
        "encoder_sequence_output": "numbers",
        "decoder_sequence_output": "numbers",
    }
    return _made(model, inputs, kinds)


def vit() -> Made:
    """Return a Vision Transformer on photos."""
    import keras_hub

    model = keras_hub.models.ViTBackbone(
        image_shape=(96, 96, 3),
        patch_size=16,
        num_layers=3,
        num_heads=4,
        hidden_dim=64,
        mlp_dim=128,
    )
    pictures = photos(96, COUNT).astype(np.float32) / 127.5 - 1
    return _made(model, {model.inputs[0].name: pictures}, {"output": "numbers"})


def _text() -> np.ndarray:
    ids, _ = reviews(WORDS, LENGTH, COUNT)
    return ids


def _with_mask() -> Batch:
    ids = _text()
    return {"token_ids": ids, "padding_mask": (ids > 0).astype(np.int32)}


def _made(model: keras.Model, inputs: Batch, kinds: Mapping[str, Kind]) -> Made:
    shapes = {name: (1, *array.shape[1:]) for name, array in inputs.items()}
    return Made(model=model, inputs=inputs, kinds=kinds, saved_model=True, shapes=shapes)


MAKERS: dict[str, Callable[[], Made]] = {
    "hub BERT": bert,
    "hub GPT-2": gpt2,
    "hub Llama": llama,
    "hub Whisper": whisper,
    "hub ViT": vit,
}
