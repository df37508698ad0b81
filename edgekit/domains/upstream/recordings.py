"""Sounds, movements and measurements: spoken digits, motion capture, the sea's temperature."""

from __future__ import annotations

from functools import partial

from edgekit.domains.upstream.archived import archived
from edgekit.domains.upstream.archives import repack
from edgekit.domains.upstream.data_set import DataFile, DataSet

SPOKEN_DIGITS = archived(
    "spoken-digits",
    what="3,000 recordings at 8 kHz of the digits 0 to 9, by 6 speakers",
    licence="CC BY-SA 4.0",
    source="Jackson et al. 2018; https://github.com/Jakobovski/free-spoken-digit-dataset",
    size_bytes=15_561_939,
    url="https://github.com/Jakobovski/free-spoken-digit-dataset/archive/26eb9aa.tar.gz",
    used=r"recordings/.+\.wav",
    sha256="04e1baae96c6a26e39c623f2b01d0182ddae627ba0ac02a3cdc17ba2af99fd9b",
    path="free-spoken-digit-dataset.tar.gz",
)

MOCAP = DataSet(
    name="mocap",
    what="two motion captures (BVH): 2,752 frames of jumps, 1,064 frames of walking",
    licence="BSD-3 and MIT",
    source="https://github.com/facebookresearch/fairmotion and https://github.com/omimo/PyMO",
    size_bytes=949_250,
    files=(
        DataFile(
            path="mocap.tar.gz",
            sha256="9d31dbd3a28a310b7a42cdcb4dea0f6bc6c5533352afeffbb625bdd07321bddf",
        ),
    ),
    urls=(
        "https://github.com/facebookresearch/fairmotion/archive/e400e56.tar.gz",
        "https://github.com/omimo/PyMO/archive/ba24f5f.tar.gz",
    ),
    convert=partial(
        repack,
        path="mocap.tar.gz",
        used=r"tests/data/01_01\.bvh|demos/data/AV_8Walk_Meredith_HVHA_Rep1\.bvh",
        flat=True,
    ),
)

SEA_TEMPERATURE = DataSet(
    name="sea-temperature",
    what="19,226 half-hourly temperatures of the sea, February 2016 to March 2017",
    licence="BSD-3",
    source="NERACOOS buoy, sample data of Bokeh; https://github.com/bokeh/bokeh_sampledata",
    size_bytes=76_453,
    files=(
        DataFile(
            path="sea_surface_temperature.csv.gz",
            sha256="7ec0442d98f892500b9e0655a315e916c98e6940dc7f7b4a019769be5e15923e",
        ),
    ),
)

SETS = (SPOKEN_DIGITS, MOCAP, SEA_TEMPERATURE)
