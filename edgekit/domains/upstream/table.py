"""All public data sets and shipped samples, as `datasets/README.md` shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgekit.domains.upstream import graphs, pictures, recordings, texts
from edgekit.domains.upstream.data_set import DataSet

SETS: tuple[DataSet, ...] = tuple(
    sorted(
        (*pictures.SETS, *recordings.SETS, *texts.SETS, graphs.CITATION_GRAPHS),
        key=lambda data_set: data_set.name,
    )
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A small file that ships, for `--size tiny`.

    Attributes:
        sha256: Of its content.
        script: In `benchmarks/samples/`, writes it; "" if it is unchanged from its source.
    """

    path: str
    what: str
    source: str
    licence: str
    sha256: str
    script: str = ""


SAMPLES = (
    Sample(
        path="fashion_mnist_small.npz",
        what="Fashion-MNIST, the first 600 training and 100 test images of each of the 10 classes "
        "(6,000 + 1,000 grey images, 28x28, uint8)",
        source="Xiao, Rasul, Vollgraf, *Fashion-MNIST: a Novel Image Dataset for Benchmarking "
        "Machine Learning Algorithms*, 2017, <https://github.com/zalandoresearch/fashion-mnist>",
        licence="MIT, © 2017 Zalando SE",
        sha256="6be8e49739c021affbb3910e0f7dfbb9a38ca042b79ae7feddf1329ff9788c2b",
        script="make_fashion_mnist_small.py",
    ),
    Sample(
        path="garment_features.npz",
        what="nine convolutions of `image_cnn`, float16, trained on all of Fashion-MNIST (92.66 % "
        "of its test images right): the features by which made images are compared with real ones",
        source="our own, of the images above",
        licence="MIT, as the images",
        sha256="bd8179b922668b7be2a3b29171a26aba1bd3af9fd15584e61d1c2a1e6cb59e37",
        script="make_garment_features.py",
    ),
    Sample(
        path="bible_small.tsv.gz",
        what="2,150 verses of at most 20 words: reference, English, Spanish",
        source="World English Bible; Reina-Valera 1909",
        licence="public domain",
        sha256="811d007f3f32b21a26aa2c83462a01406723054a703ba8762df644ce947615b8",
        script="make_texts_small.py",
    ),
    Sample(
        path="bible_subwords_english.txt",
        what="1,740 byte-pair merges, learned from the full training verses of the translation "
        "recipes",
        source="our own",
        licence="public domain",
        sha256="44a3305e9b1efa588fee9dc95f90efcf86eae074e4144831567559c888b3dfd2",
        script="make_subwords.py",
    ),
    Sample(
        path="bible_subwords_spanish.txt",
        what="the same of the Spanish verses",
        source="our own",
        licence="public domain",
        sha256="69b50424f03b9236d2a4a0b9ae51386148c04af68ecf4618c2cd22c64d5c138d",
        script="make_subwords.py",
    ),
    Sample(
        path="reviews_small.csv.gz",
        what="520 film reviews of at most 110 words, half of them positive",
        source="Maas et al., *Learning Word Vectors for Sentiment Analysis*, 2011, "
        "<https://ai.stanford.edu/~amaas/data/sentiment/>",
        licence="research data, with attribution",
        sha256="91e904e3dac78e8325a663afaff7fbdbea9866db543d382a5795362258d88cf6",
        script="make_texts_small.py",
    ),
    Sample(
        path="sentiment_trees_small.txt.gz",
        what="1,200 + 150 + 300 sentences of at most 20 words of the Stanford Sentiment Treebank, "
        "as trees with a sentiment of 0 to 4 at each part",
        source="Socher et al., *Recursive Deep Models for Semantic Compositionality Over a "
        "Sentiment Treebank*, 2013, <https://nlp.stanford.edu/sentiment>",
        licence="research data, with attribution",
        sha256="924429c8930488b3e536cc30afdbd3d28beebe3137693c5b871931faa0bc213d",
        script="make_sentiment_trees_small.py",
    ),
    Sample(
        path="sentiment_words.txt",
        what="the 8,216 words that occur at least twice in the treebank's training sentences",
        source="our own, of the treebank",
        licence="research data, with attribution",
        sha256="66351966d621041eeaea69fbbdbd4e392b2715be780b487e4d3bc893d35e4bb3",
        script="make_sentiment_words.py",
    ),
    Sample(
        path="papers_small.tar.gz",
        what="abstracts of 340 of SciTLDR's papers, as sentences, with summaries of one sentence: "
        "240 to train, 40 to validate, 60 to test",
        source="Cachola, Lo, Cohan, Weld, *TLDR: Extreme Summarization of Scientific Documents*, "
        "2020, <https://github.com/allenai/scitldr>",
        licence="Apache-2.0",
        sha256="aaffc1cfe3643acd136cbd6725160d602615e24f5ae9b72f7e322d1c80f136f6",
        script="make_papers_small.py",
    ),
    Sample(
        path="papers_subwords.txt",
        what="3,836 byte-pair merges, learned from all of SciTLDR's abstracts to train on",
        source="our own, of the same",
        licence="Apache-2.0",
        sha256="4dad1b30fff833e3b4022fe3125f5e0ee6cc7f4476fe3d44d4b457d712f8aebd",
        script="make_papers_small.py",
    ),
    Sample(
        path="wordsim353.tsv",
        what="WordSim-353: 353 pairs of English words and how related people judged them to be, "
        "0 to 10",
        source="Finkelstein, Gabrilovich, Matias, Rivlin, Solan, Wolfman, Ruppin, *Placing Search "
        "in Context: The Concept Revisited*, 2002, "
        "<https://gabrilovich.com/resources/data/wordsim353/wordsim353.html>",
        licence="CC BY 4.0",
        sha256="f92a022fc2537793a15bc3a8c162ebcd74990e033a228bb6388cb71e4c0b1e1d",
    ),
    Sample(
        path="spoken_digits_small.npz",
        what="140 spoken digits: 7 recordings of each by each of 2 of the 6 speakers (theo, "
        "yweweler; takes 0, 1, 5, 7 to 10), cut to their middle second, int16 at 8 kHz; they were "
        "once coded in 4 bits a sample (IMA ADPCM), so they have more noise than the originals",
        source="Jackson et al., *Free Spoken Digit Dataset*, 2018, "
        "<https://github.com/Jakobovski/free-spoken-digit-dataset>",
        licence="CC BY-SA 4.0, and so is this excerpt",
        sha256="0448371fb3e20e3badf292274e9a078c0f98abe5574ce3deb19a5f1be1891bc3",
        script="make_spoken_digits_small.py",
    ),
    Sample(
        path="isbi_membranes_small.npz",
        what="parts 320x320 of 10 of the 30 sections of the ISBI 2012 challenge, JPEG of quality "
        "60, and which of their pixels belong to a membrane: 6 to train on, 1 for validation, 3 "
        "for tests",
        source="Arganda-Carreras et al., *Crowdsourcing the Creation of Image Segmentation "
        "Algorithms for Connectomics*, 2015, <https://doi.org/10.3389/fnana.2015.00142>; from "
        "<https://github.com/zhixuhao/unet>",
        licence="MIT (repository); challenge data",
        sha256="e71ca93d832ed2a42055c791c0de89b8f0ab6862768b0a38e0225ddcf430b7f5",
        script="make_isbi_membranes_small.py",
    ),
    Sample(
        path="signs_small.npz",
        what="526 photos of hands that sign 0 to 9: those of every fourth student, 64x64, as one "
        "JPEG file a student",
        source="Mavi, *A New Dataset and Proposed Convolutional Neural Network Architecture for "
        "Classification of American Sign Language Digits*, 2020, "
        "<https://github.com/ardamavi/Sign-Language-Digits-Dataset>",
        licence="Apache-2.0",
        sha256="eb995dd219d3936b7fc62096653668821314883c00ca5a77a034e943b63cd2cd",
        script="make_signs_small.py",
    ),
    Sample(
        path="blood_cells_small.npz",
        what="90 of BCCD's 364 pictures of stained blood, 320x240, WebP, with the boxes of their "
        "cells: 64 to train, 6 to validate, 20 to test",
        source="Shenggan, *BCCD Dataset*, 2018, <https://github.com/Shenggan/BCCD_Dataset>",
        licence="MIT, © 2017 shenggan",
        sha256="e4108beff8ed33c610a2d139028c404376c1e158b79f647a4550a75eb9d37bcb",
        script="make_boxed_pictures_small.py",
    ),
    Sample(
        path="blood_cell_regions_small.npz",
        what="256 regions of each of these, as selective search of OpenCV proposes them",
        source="our own, of the pictures above; Uijlings et al., *Selective Search for Object "
        "Recognition*, 2013, <https://doi.org/10.1007/s11263-013-0620-5>",
        licence="MIT, as the pictures",
        sha256="294332945c9314621dfec72c54330b460170df30b471bf3819db658730ac5afa",
        script="make_blood_regions_small.py",
    ),
    Sample(
        path="playing_cards_small.npz",
        what="70 of 363 photos of playing cards, the shorter side 128 pixels, WebP, with their "
        "boxes: 40 to train, 6 to validate, 24 to test",
        source="EdjeElectronics, *TensorFlow Object Detection API tutorial*, 2018, "
        f"<https://github.com/EdjeElectronics/{pictures.CARDS}>",
        licence="Apache-2.0",
        sha256="596de89229347022285f11baad2b63e54fd1ecd9b5b2b5c20e1a9b309ef38f8e",
        script="make_boxed_pictures_small.py",
    ),
    Sample(
        path="mocap_small.npz",
        what="two motion captures, every eighth frame: where 17 joints of a person are, in "
        "millimetres (344 frames of jumps, 133 of walking, int16)",
        source="Carnegie Mellon University, subject 1, trial 1, <http://mocap.cs.cmu.edu>, by "
        "<https://github.com/facebookresearch/fairmotion>; <https://github.com/omimo/PyMO>",
        licence="BSD-3 (fairmotion) and MIT (PyMO)",
        sha256="6fefc846a388199ceeb96fbcf374eed17748565778bff0feedc21e29e9988d0e",
        script="make_mocap_small.py",
    ),
    Sample(
        path="cora_small.npz",
        what="1,318 of Cora's 2,708 papers with their words, citations and fields: the 140 to "
        "train on, 100 to validate, 200 to test, and those linked with them",
        source="Sen, Namata, Bilgic, Getoor, Galligher, Eliassi-Rad, *Collective Classification in "
        "Network Data*, 2008, <https://doi.org/10.1609/aimag.v29i3.2157>; from "
        "<https://github.com/tkipf/gcn>",
        licence="MIT (repository); research data, with attribution",
        sha256="dc60e8c6fc57532a9ef233da1d2d286a4f4db63e45c4265355628901c12415b2",
        script="make_cora_small.py",
    ),
    Sample(
        path="pedestrian_points.npz",
        what="2,877 boxes of what moves in the film of pedestrians, and the 17 joints of the 1,519 "
        "people whom a teacher saw whole (uint8, as shares of a square around each)",
        source="OpenCV, samples/data/vtest.avi, <https://github.com/opencv/opencv>; labels by "
        "MediaPipe 0.10.21, Bazarevsky et al., *BlazePose*, 2020, "
        "<https://arxiv.org/abs/2006.10204>",
        licence="Apache-2.0, the film and the teacher",
        sha256="c24c9c77dcd494e522d08a3d53a3193db4bcc4a6739ec82d45eefed14041c585",
        script="make_pedestrian_points.py",
    ),
    Sample(
        path="pedestrians_small.npz",
        what="60 + 8 + 28 windows of the film of pedestrians, 160x160 (WebP), "
        "half of them of several people, with their joints",
        source="OpenCV, samples/data/vtest.avi, <https://github.com/opencv/opencv>",
        licence="Apache-2.0",
        sha256="614c518f0e6fba1692e975168fb81f81b197927cca87cc624e55c1cf6d4fb068",
        script="make_pedestrians_small.py",
    ),
)


def readme() -> str:
    """Return the text of `datasets/README.md`; `benchmarks/samples/make_readme.py` writes it."""
    samples = [
        (
            f"`{s.path}`",
            s.what,
            s.source,
            s.licence,
            f"`{s.script}`" if s.script else "unchanged",
            f"`{s.sha256[:16]}`",
        )
        for s in SAMPLES
    ]
    sets = [
        (
            s.name,
            s.what,
            s.source,
            s.licence,
            f"{s.size_bytes / 1e6:.1f}",
            "<br>".join(s.urls) or "ships",
            "<br>".join(f"`{f.path}` `{f.sha256[:16]}`" for f in s.files),
        )
        for s in SETS
    ]
    return "\n".join(
        [
            "# Data: what ships with edgekit, and what it gets",
            "",
            "Written by `benchmarks/samples/make_readme.py` from `edgekit/domains/upstream/`. Sums "
            "are the first 16 digits of the SHA-256 of the content (unpacked; "
            "`edgekit/domains/upstream/content.py` says how), as the code checks it.",
            "",
            "## Samples that ship, for `--size tiny`",
            "",
            *_table(("file", "what", "origin", "licence", "script", "content"), samples),
            "",
            "The scripts, in `benchmarks/samples/` of a checkout, write them again from the whole "
            "data sets. `make_spoken_digits_small.py` takes the originals' samples, without the "
            "noise; the file that ships keeps the ones that recorded results of `--size tiny` were "
            "trained on.",
            "",
            "## Whole data sets",
            "",
            "`edgekit data list` shows them, `edgekit data get NAME` downloads one into "
            "edgekit's cache, and a build with `--size full` gets what it lacks. A copy in the "
            "folder named by `EDGEKIT_DATA` is taken first.",
            "",
            *_table(
                ("name", "what", "origin", "licence", "MB here", "downloaded from", "content"), sets
            ),
            "",
        ]
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [header, tuple("---" for _ in header), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
