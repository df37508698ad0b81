"""How many rows there are where a model looks integers up: beyond them it answers nonsense."""

from __future__ import annotations

from collections.abc import Iterator

_TABLES = {"Embedding": "input_dim", "CategoryEncoding": "num_tokens"}
"""Class of a layer with a table -> its attribute that says how many rows that has."""


def table_rows(layer: object) -> int | None:
    """Return how many integers, from 0 on, a layer of Keras looks up; None if it looks up none.

    Args:
        layer: Of Keras 3 or tf_keras; a class of the user's own that is made from one of Keras'
            is known too.
    """
    for base in type(layer).__mro__:
        if base.__name__ in _TABLES:
            return int(getattr(layer, _TABLES[base.__name__]))
    return None


def rows_taken(model: object) -> Iterator[int]:
    """Give the number of rows of each tensor that a Keras 3 model takes rows of by their indices.

    That is what `keras.ops.take` does, also in nested models. A tensor whose number of rows is not
    known is left out, and so is one of which all numbers are taken one by one.

    Args:
        model: One that Keras did not build, such as a SavedModel, has none.
    """
    flatten = getattr(model, "_flatten_layers", None)
    for layer in flatten(include_self=True, recursive=True) if flatten else ():
        operations = getattr(layer, "operations", ())  # of a graph; in a user's layer it is theirs
        for operation in operations if isinstance(operations, list) else ():
            if type(operation).__name__ == "Take" and operation.axis is not None:
                shapes = [node.arguments.args[0].shape for node in operation._inbound_nodes]
                yield from (rows for shape in shapes if (rows := shape[operation.axis]))
