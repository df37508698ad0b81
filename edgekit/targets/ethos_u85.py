"""An Arm Ethos-U85 with 256 multipliers, as Arm's compiler Vela predicts it.

See `ethos_u`. Clock and memories are those that Vela 5.2 takes unless it is told others: 1 GHz,
weights and what is computed in DRAM, and 384 KiB of SRAM as a cache.

Source: Arm, Ethos-U integration, Vela,
https://arm-software.github.io/CMSIS-Ethos-U/main/vela/index.html.
"""

from __future__ import annotations

from edgekit.running.ethos_u.target import predicted_by_vela
from edgekit.running.ethos_u.verdicts import Accelerator

target = predicted_by_vela(
    "ethos-u85",
    Accelerator(
        name="ethos-u85-256", system="Ethos_U85_SYS_DRAM_Mid", memory="Dedicated_Sram_384KB"
    ),
)
