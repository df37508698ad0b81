"""An Arm Ethos-U65 with 256 multipliers, as in NXP's i.MX 93, as Arm's compiler Vela predicts it.

See `ethos_u`. Clock and memories are those of Vela's "mid end" system: 500 MHz, weights and what is
computed in DRAM, and 384 KiB of SRAM as a cache.

Source: Arm, Ethos-U integration, settings for Corstone-300 with an Ethos-U65,
https://arm-software.github.io/CMSIS-Ethos-U/main/integration/fvp-ethos-setup.html.
"""

from __future__ import annotations

from edgekit.running.ethos_u.target import predicted_by_vela
from edgekit.running.ethos_u.verdicts import Accelerator

target = predicted_by_vela(
    "ethos-u65",
    Accelerator(name="ethos-u65-256", system="Ethos_U65_Mid_End", memory="Dedicated_Sram_384KB"),
)
