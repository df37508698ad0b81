"""Pictures and films: clothes, hands, cells, membranes, cards, pedestrians."""

from __future__ import annotations

from edgekit.domains.upstream.archived import archived
from edgekit.domains.upstream.data_set import DataFile, DataSet

_FASHION = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"
_FASHION_FILES = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

FASHION_MNIST = DataSet(
    name="fashion-mnist",
    what="60,000 + 10,000 grey pictures 28x28 of 10 kinds of clothes",
    licence="MIT",
    source="Xiao, Rasul, Vollgraf 2017; https://github.com/zalandoresearch/fashion-mnist",
    size_bytes=30_878_645,
    files=tuple(
        DataFile(path=f"fashion-mnist/{name}.gz", sha256=sha)
        for name, sha in _FASHION_FILES.items()
    ),
    urls=tuple(f"{_FASHION}{name}.gz" for name in _FASHION_FILES),
)


BCCD = archived(
    "bccd",
    what="364 pictures 640x480 of blood, 4,888 boxes of 3 kinds of cells (Pascal VOC)",
    licence="MIT",
    source="Cheng et al.; https://github.com/Shenggan/BCCD_Dataset",
    size_bytes=7_369_978,
    url="https://github.com/Shenggan/BCCD_Dataset/archive/d272fb1.tar.gz",
    used=r"BCCD/.+\.(xml|jpg|txt)",
    sha256="3b1db28db9d7a990d024a116ac2a0b2f31cd4580658607f226c33030df352911",
)

ISBI_MEMBRANE = archived(
    "isbi-membrane",
    what="30 electron micrographs 512x512 of cells and masks of their membranes",
    licence="MIT (repository); challenge data",
    source="ISBI 2012 challenge; https://github.com/zhixuhao/unet",
    size_bytes=6_499_697,
    url="https://github.com/zhixuhao/unet/archive/b45af4d458437d8281cc218a07fd4380818ece4a.tar.gz",
    used=r"data/membrane/train/(image|label)/\d+\.png",
    sha256="e128ffcd0348c28ff5d679444a6263aede2600c4d2517fc2db62aea7044ad91c",
)

SIGN_LANGUAGE_DIGITS = archived(
    "sign-language-digits",
    what="2,062 photos 100x100 of hands that sign 0 to 9, by 218 students",
    licence="Apache-2.0",
    source="Mavi 2020, arXiv:2011.08927; https://github.com/ardamavi/Sign-Language-Digits-Dataset",
    size_bytes=13_535_172,
    url="https://github.com/ardamavi/Sign-Language-Digits-Dataset/archive/4b09433.tar.gz",
    used=r"Dataset/\d/.+\.JPG",
    sha256="dcb2ae4be3d7735fcdd5afd3ac662c8515803a0ab9c5acce989eb085802de6d1",
)

CARDS = "TensorFlow-Object-Detection-API-Tutorial-Train-Multiple-Objects-Windows-10"
PLAYING_CARDS = archived(
    "playing-cards",
    what="296 + 67 photos of playing cards with boxes of six ranks (Pascal VOC)",
    licence="Apache-2.0",
    source=f"https://github.com/EdjeElectronics/{CARDS}",
    size_bytes=38_313_930,
    url=f"https://github.com/EdjeElectronics/{CARDS}/archive/c164582.tar.gz",
    used=r"images/(train|test)/.+\.(JPG|jpg|xml)",
    sha256="6f951af675c8fd30b95795bf63ac564ca909560762bc21e26422897822de7a49",
)

PEDESTRIANS = DataSet(
    name="pedestrians",
    what="film of pedestrians from a fixed camera, 795 frames 768x576",
    licence="Apache-2.0",
    source="samples of OpenCV; https://github.com/opencv/opencv",
    size_bytes=8_131_690,
    files=(
        DataFile(
            path="pedestrians-vtest.avi",
            sha256="45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf",
        ),
    ),
    urls=("https://github.com/opencv/opencv/raw/4.10.0/samples/data/vtest.avi",),
)

SETS = (FASHION_MNIST, BCCD, ISBI_MEMBRANE, SIGN_LANGUAGE_DIGITS, PLAYING_CARDS, PEDESTRIANS)
