"""An Arm Ethos-U65 with 256 multipliers, as in NXP's i.MX 93, as Arm's compiler Vela predicts it.

See `ethos_u`. Clock and memories are those of Vela's "mid end" system: 500 MHz, weights and what is
computed in DRAM, and 384 KiB of SRAM as a cache.

Source: Arm, Ethos-U integration, settings for Corstone-300 with an Ethos-U65,
https://arm-software.github.io/CMSIS-Ethos-U/main/integration/fvp-ethos-setup.html.
"""

from __future__ import annotations

from functools import partial

from edgekit.operators.target import Target
from edgekit.running.ethos_u import environment
from edgekit.running.ethos_u.verdicts import Accelerator, check

target = Target(
    check=partial(
        check,
        target="ethos-u65",
        accelerator=Accelerator(
            name="ethos-u65-256", system="Ethos_U65_Mid_End", memory="Dedicated_Sram_384KB"
        ),
    ),
    runtime="",
    device="local",
    precisions=("int8", "int16x8"),
    with_builds=False,
    missing=environment.missing,
    setup=environment.setup,
)
