"""Tell an app how to look up what was split off, and write the vocabulary for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgekit.core.errors import BadInput
from edgekit.core.kinds import LookUp
from edgekit.core.paths import atomic
from edgekit.intake.look_ups.splitting import Front, names_of, split_of
from edgekit.source_model.export import signature_of
from edgekit.source_model.interface import KerasLayer, SourceModel

ENDING = ".vocabulary.txt"

_STANDARDIZE = {
    "lower_and_strip_punctuation": "A to Z put in lower case, without the characters "
    "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'",
    "lower": "A to Z put in lower case",
    "strip_punctuation": "without the characters !\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'",
}
_SPLIT = {"whitespace": "cut at white space", "character": "cut into characters"}
_ROWS = {
    "one_hot": "a row of {length} with a 1 at that number",
    "multi_hot": "a row of {length} with a 1 at each number that occurs",
    "count": "a row of {length} with how often each number occurs",
}


def write_vocabularies(model: SourceModel, out: Path) -> tuple[LookUp, ...]:
    """Write the vocabulary of each look-up beside a file, and describe how to use it.

    It is `<stem>.vocabulary.txt`, or `<stem>.<input>.vocabulary.txt` where there are several.

    Args:
        model: What is left of it.
        out: The `.tflite`.

    Raises:
        BadInput: A layer has no vocabulary, or a token has a line break.
    """
    split = split_of(model)
    if split is None:
        return ()
    tables = [front for front in split.fronts if _table(front.layer) is not None]
    described = []
    shapes = {tensor.name: tensor.shape for tensor in signature_of(model).inputs}
    for front, name in zip(split.fronts, names_of(model), strict=True):
        described.append(describe(front, name, shapes[name]))
        if front in tables:
            ending = ENDING if len(tables) == 1 else f".{name}{ENDING}"
            path = out.with_suffix(ending)
            _write(path, tokens_of(front.layer))
            described[-1] = replace(described[-1], vocabulary=path.name)
    return tuple(described)


def tokens_of(layer: KerasLayer) -> list[str]:
    """Return the tokens of a look-up layer, in the order of their numbers.

    Raises:
        BadInput: It has none, or one cannot stand on a line.
    """
    table = _table(layer)
    assert table is not None
    tokens = [str(token) for token in layer.get_vocabulary()]
    if len(tokens) <= table.num_oov_indices + (table.mask_token is not None):
        raise BadInput(
            f"Layer '{layer.name}' ({type(layer).__name__}) has no vocabulary, so that every "
            "token is unknown to it. Call its adapt() on your texts, train, and save the model "
            "again."
        )
    if len(tokens) != int(layer.vocabulary_size()):
        raise BadInput(f"Layer '{layer.name}' has {len(tokens)} tokens and other numbers.")
    if broken := [token for token in tokens if len(token.splitlines()) > 1 or token in _BREAKS]:
        raise BadInput(
            f"Layer '{layer.name}' has the token {broken[0]!r}, which holds a line break; a "
            "vocabulary is written one token a line. Leave that token out."
        )
    return tokens


_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def describe(front: Front, name: str, shape: tuple[int, ...]) -> LookUp:
    """Return what an app has to do for an input of the file, of that name and shape."""
    layer, kind = front.layer, type(front.layer).__name__
    plain = LookUp(input=name, source=front.source, layer=kind)
    if kind == "Hashing":
        masked = layer.mask_value is not None
        return replace(
            plain,
            output=str(layer.output_mode),
            length=shape[-1] if layer.output_mode != "int" else None,
            mask=str(layer.mask_value) if masked else None,
            bins=int(layer.num_bins),
            salt=tuple(layer.salt or ()),
        )
    table = _table(layer)
    assert table is not None
    masked = table.mask_token is not None and table.output_mode == "int"
    first = int(masked)
    unknown = tuple(range(first, first + table.num_oov_indices))
    mask = str(table.mask_token) if masked else None
    output = str(table.output_mode)
    is_word = kind != "TextVectorization"
    length = None if is_word and output == "int" else shape[-1]
    if is_word:
        return replace(plain, output=output, length=length, unknown=unknown, mask=mask)
    return replace(
        plain,
        standardize=_name(layer._standardize),
        split=_name(layer._split),
        ngrams=tuple(layer._ngrams or ()),
        output=output,
        length=length,
        unknown=unknown,
        mask=mask,
    )


def instruction(look_up: LookUp) -> str:
    """Return the note that says what an app has to do for an input of the file."""
    start = f"Input '{look_up.input}' takes what {look_up.layer} makes of '{look_up.source}'"
    if look_up.layer == "Hashing":
        algorithm = f"SipHash64 with the keys {look_up.salt}" if look_up.salt else "FarmHash64"
        shift = f", after 0 for {look_up.mask!r}" if look_up.mask is not None else ""
        how = f"{algorithm} of the text modulo {look_up.bins - bool(shift)}{shift}"
        return f"{start}, which the app has to compute: {how}; the .json has the details."
    steps = []
    if look_up.layer == "TextVectorization":
        steps = [_STANDARDIZE.get(look_up.standardize, _own(look_up.standardize))]
        steps.append(_SPLIT.get(look_up.split, _own(look_up.split)))
        if look_up.ngrams:
            steps.append(f"joined to groups of {' and '.join(map(str, look_up.ngrams))} by spaces")
    steps.append("each token its line's number, from 0, in the vocabulary beside the file")
    steps.append(_unknown(look_up))
    if look_up.mask is not None:
        steps.append(f"{look_up.mask!r} is 0")
    if look_up.layer == "TextVectorization" and look_up.output == "int":
        steps.append(f"cut or filled with 0 to {look_up.length}")
    if look_up.output in _ROWS:
        steps.append("then " + _ROWS[look_up.output].format(length=look_up.length))
    return f"{start}, which the app has to look up: {', '.join(filter(None, steps))}."


def _own(function: str) -> str:
    return f"through the model's own function '{function}'" if function else ""


def _unknown(look_up: LookUp) -> str:
    if not look_up.unknown:
        return "others are an error"
    numbers = f"{look_up.unknown[0]}"
    if len(look_up.unknown) == 1:
        return f"any other {numbers}"
    chosen = "the rest of a division" if look_up.layer == "IntegerLookup" else "FarmHash64"
    return f"any other {numbers} to {look_up.unknown[-1]}, chosen by {chosen}"


def _name(setting: object) -> str:
    return setting if isinstance(setting, str) else getattr(setting, "__name__", "") or ""


def _table(layer: KerasLayer) -> KerasLayer | None:
    """Return the layer that holds the tokens, or None."""
    if type(layer).__name__ == "Hashing":
        return None
    return getattr(layer, "_lookup_layer", layer)


def _write(path: Path, tokens: Sequence[str]) -> None:
    with atomic(path) as temporary:
        temporary.write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
