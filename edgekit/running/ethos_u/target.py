"""The target of an Ethos-U, which differs from others in the accelerator alone."""

from __future__ import annotations

from functools import partial

from edgekit.operators.target import Target
from edgekit.running.ethos_u import environment
from edgekit.running.ethos_u.verdicts import COMPILED, Accelerator, check


def predicted_by_vela(name: str, accelerator: Accelerator, *, with_builds: bool = False) -> Target:
    """Return the target of an accelerator that Vela predicts and nothing runs.

    Args:
        name: Of the target, as in its file's name.
        accelerator: What Vela compiles for.
        with_builds: As in `Target`.
    """
    return Target(
        check=partial(check, target=name, accelerator=accelerator),
        runtime="",
        device="local",
        precisions=("int8", "int16x8"),
        compiled=COMPILED,
        with_builds=with_builds,
        missing=environment.missing,
        setup=environment.setup,
    )
