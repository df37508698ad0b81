"""An Arm Ethos-U55 with 256 multipliers, beside a Cortex-M, as Arm's compiler Vela predicts it.

A prediction, never a run: Vela compiles the file, tells which operators the accelerator takes and
estimates their cycles and memory. Its own words are that performance has to be measured on a model
of the hardware, or on the hardware.

Clock and memories are those of Vela's "high end" system: 500 MHz, weights in flash, what is
computed in SRAM. A target file of your own may name others.

Source: Arm, Ethos-U integration, Vela,
https://arm-software.github.io/CMSIS-Ethos-U/main/vela/index.html.
"""

from __future__ import annotations

from edgekit.running.ethos_u.target import predicted_by_vela
from edgekit.running.ethos_u.verdicts import Accelerator

target = predicted_by_vela(
    "ethos-u",
    Accelerator(name="ethos-u55-256", system="Ethos_U55_High_End_Embedded", memory="Shared_Sram"),
    with_builds=True,
)
