"""Names, numbers, places and boards that cannot be: exit code 2, one sentence, nothing changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from tests.support.paths import GOLDEN
from tests.support.refusals import Refuse, edgekit, snapshot

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


NAMED = {
    "target": ("check good.tflite --target {}", "build blobs.py --out runs --target {}"),
    "runtime": ("bench good.tflite --runtime {}",),
    "device": ("bench good.tflite --device {}", "verify good.tflite --device {}"),
    "recipe": ("build {} --out runs",),
    "packager": ("bundle run --out out --for {}",),
}
"""Kind of thing -> commands that take its name."""

NO_THINGS = {
    "moon": "There is no {kind} 'moon'; there are: ",
    "''": "There is no {kind} ''",
    "missing.py": "There is no file 'missing.py'; give a {kind} by name or by path",
    "nothing.py": "'nothing.py' holds no attribute '{kind}'",
    "syntax.py": "fails on import: SyntaxError",
    "raises.py": "fails on import: ZeroDivisionError",
    "exits.py": "fails on import: SystemExit",
    "three.py": "'three.py' holds a {kind} that is of type int",
}

NAMES = {
    command.format(name): words.format(kind=kind)
    for kind, commands in NAMED.items()
    for command, (name, words) in product(commands, NO_THINGS.items())
}

BOARDS = {
    "ssh://": "is no board; give ssh://user@host",
    "ssh:///usr/bin/python3": "is no board; give ssh://user@host",
    "ssh://h/%00": "after the host only the path of a Python may stand",
    "ssh://h/%0a": "after the host only the path of a Python may stand",
    "ssh://h/a%1b": "after the host only the path of a Python may stand",
    "ssh://h/%ff": "after the host only the path of a Python may stand",
    "ssh://h?x": "after the host only the path of a Python may stand",
    "ssh://-oProxyCommand=x": "is no board",
    "ssh://h:99999": "is no board",
    "ssh://[h": "is no board",
    "'ssh://a b'": "is no board",
    "ssh://ü": "is no board",
    "http://x": "There is no device 'http'",
    "ssh": "give an address, such as ssh://user@host",
}

ASKING_BOARDS = (
    "bench good.tflite --device {}",
    "verify good.tflite --device {}",
    "compare good.tflite good.tflite --device {}",
    "run bundle --input example.pgm --device {}",
    "doctor --device {}",
    "build blobs.py --out runs --board {}",
)

DEVICES = {
    **{verb.format(url): words for verb, (url, words) in product(ASKING_BOARDS, BOARDS.items())},
    "bench good.tflite --device adb:": "is no phone",
    "verify good.tflite --device raspberry-pi": "run: edgekit setup raspberry-pi",
    "bench good.tflite --device raspberry-pi": "run: edgekit setup raspberry-pi",
    "bench good.tflite --runtime tflite-runtime": "run: edgekit setup tflite-runtime",
    "build blobs.py --out runs --board moon": "There is no device 'moon'",
    "build blobs.py --out runs --board adb": "tflite-runtime does not run on adb",
}

NO_PLACE = {
    "/proc/edgekit/x": "cannot be written",  # where nobody makes a file, not even root
    "/dev/full/x": "cannot be written: '/dev/full' is no folder",
    "text.txt/x": "is no folder",
    f"{300 * 'x'}/x": "File name too long",
}

WRITING = (
    "slim good.tflite --out {}.tflite",
    "convert good.keras --out {}.tflite",
    "build blobs.py --out {}",
    "bundle run --for pi --out {}",
    "run bundle --input example.pgm --out {}",
)

PLACES = {
    **{verb.format(path): words for verb, (path, words) in product(WRITING, NO_PLACE.items())},
    "slim good.tflite --out folder": "give the name of a file that ends in .tflite",
    "convert good.keras --out folder": "give a name that ends in .tflite",
    "bundle run --for pi --out pictures": "exists and is not a bundle",
    "build blobs.py --out text.txt": "is no folder",
    "results run --repository folder": "There is no 'folder/docs/results.md'",
}

OPTIONS = {
    "moon": "No such command 'moon'",
    "lst": "Did you mean 'list'",
    "build": "name the recipes to build, or give --all",
    "build image_cn": "Did you mean 'image_cnn'",
    "build nowhere.py": "no file",
    "convert good.keras --out x.bin": "give a name that ends in .tflite",
    "bundle folder --for moon": "no packager 'moon'; there are: android",
    "verify .": "not the folder of a build",
    "run pictures": "it has no bundle.json",
    "list moon": "There is no kind 'moon'; there are: recipes, targets",
    "setup moon": "There is nothing to set up by the name 'moon'",
    "data get moon": "There is no data set 'moon'",
    "data get": "you gave neither",
    "data get --all bible": "you gave both",
    "doctor moon": "unexpected extra argument",
    "inspect": "Missing argument",
    "rebuild": "Missing argument",
    "compare good.tflite": "Missing argument",
    "compare good.tflite int8.tflite --runtime moon": "There is no runtime 'moon'",
    "check good.tflite": "Missing option '--target'",
    "bench good.tflite --threads 0": "greater than or equal to 1",
    "bench good.tflite --runs 1000000": "less than or equal to 100000",
    "bench good.tflite --moon": "No such option: --moon",
    "build blobs.py --out runs --seed -1": "seed is -1; allowed are 0 to 4294967295",
    "build blobs.py --out runs --seed 4294967296": "allowed are 0 to 4294967295",
    "build blobs.py --out runs --seed x": "valid integer",
    "build blobs.py --out runs --size huge": "size is 'huge'; allowed are 'tiny' and 'full'",
    "build blobs.py --out runs --variant moon": "Variant 'moon' has no known precision",
    "build blobs.py --out runs --variant pruned,sparsity=2-int8": "above 0 and below 1",
    "build blobs.py --out runs --variant pruned,moon=2-int8": "has no option 'moon'",
    "build dots.py --out runs --data folder": "takes no data of your own",
    "build blobs.py --out runs --weights good.keras": "takes no weights",
    "optimize blobs.py": "Missing option '--target'",
    "optimize nowhere.py --target litert": "no file",
    "optimize blobs.py --target moon": "no target 'moon'",
    "optimize blobs.py --target litert --max-drop -1": "max_drop is -1; give a number of 0 or",
    "optimize blobs.py --target litert --max-size big": "--max-size is 'big'; give a number and",
    "optimize blobs.py --target litert --max-size 3kHz": "such as 300KB: b, kb, mb, gb",
    "optimize blobs.py --target litert --max-latency 5m": "such as 5ms: us, ms, s",
    "optimize blobs.py --target litert --minutes 0": "minutes is 0; give a number of 0.001 or",
    "optimize blobs.py --target litert --workers 0": "workers is 0; allowed are 1 to 64",
    "optimize blobs.py --target edgetpu": "Nothing can be measured for the target 'edgetpu'",
    "bundle run --out out --for pi --variant moon": "Variant 'moon' was not built",
    "bundle run --out out --for pi --variant int16x8": "is out of its limits",
    "run bundle": "There is no input",
    "run bundle --input example.pgm --variant moon": "There is no variant 'moon'",
    "run bundle --input example.pgm --moon": "unrecognized arguments: --moon",
    "run bundle --input example.pgm --count x": "give 1 or more",
    "run good.tflite --input text.png": "--pixels 0..255, 0..1, -1..1, caffe, torch",
    "run good.tflite --input text.png --pixels 7": "--pixels is '7'; allowed are 0..255",
    "convert good.keras --out o.tflite --pixels 7": "--pixels is '7'; allowed are 0..255",
    "convert good.keras --out o.tflite --precision int7": "allowed are float32, float16",
    "convert good.keras --out o.tflite --precision int8": "need calibration data",
    "convert good.keras --out o.tflite --precision int8,percentile=100": "percentile is 100; allo",
    "convert good.keras --out o.tflite --precision float16,mse=1": "'float16' has no option 'mse'",
    "convert good.keras --out o.tflite --precision int8,mse": "holds 'int8,mse'; write a name, and",
    "build blobs.py --out runs --variant int8,percent=9": "'int8' has no option 'percent'; it has:",
    "convert good.keras --out o.tflite --io int4": "allowed are int8, uint8, float",
    "convert good.keras --out o.tflite --recurrent odd": "allowed are small, fast",
    "convert good.keras --out o.tflite --shape x=a": "write the input's name and whole numbers",
    "convert good.keras --out o.tflite --shape x=1,9": "Only axes that are free",
    "convert good.keras --out o.tflite --name x": "write the model's own name and the new one",
    "convert good.keras --out o.tflite --signature a": "only SavedModel folders have signatures",
    "convert good.keras --out o.tflite --custom exits.py": "'exits.py' fails: SystemExit",
    "convert good.keras --out o.tflite --custom missing.py": "There is no Python file",
    "explain int8.tflite --source good.keras --calibration good.npz --pixels 7": "allowed are",
    "explain good.tflite --source good.keras --calibration good.npz": "is float32",
}

TABLE = {**NAMES, **DEVICES, **PLACES, **OPTIONS}


@pytest.mark.parametrize(("line", "words"), TABLE.items(), ids=[line[:80] for line in TABLE])
def test_a_bad_request_is_refused_in_a_sentence(line: str, words: str, refuse: Refuse) -> None:
    assert words in refuse(line)


@pytest.mark.parametrize(
    "line",
    [
        "inspect text.tflite",
        "bench string.tflite",
        "verify good.tflite --vectors nan.npz",
        "convert cut.keras --out out.tflite",
        "report run-huge",
        "doctor --device ssh://h/%00",
    ],
)
def test_json_is_asked_for_and_given(line: str, refuse: Refuse) -> None:
    said = refuse(line)
    ran = edgekit(f"{line} --json")
    assert ran.code == 2
    assert "edgekit: " not in ran.stderr
    assert json.loads(ran.stdout)["error"]["message"] == said


def started(
    *arguments: object, folder: Path, stdout: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, as in a shell."""
    command = [sys.executable, "-m", "edgekit", *map(str, arguments)]
    env = {**os.environ, "EDGEKIT_HOME": str(folder / "home"), **env}
    with Path(stdout or folder / "said").open("w+") as stream:
        ran = subprocess.run(
            command, stdout=stream, stderr=subprocess.PIPE, text=True, env=env, timeout=60
        )
        ran.stdout = "" if stdout else (folder / "said").read_text()
    return ran


@pytest.mark.parametrize("verb", ["list", "inspect", "check", "missing --json"])
def test_an_answer_that_finds_no_room_is_one_sentence(verb: str, tmp_path: Path) -> None:
    file = GOLDEN / ("missing" if "missing" in verb else "float32.tflite")
    arguments: dict[str, list[object]] = {
        "list": ["list"],
        "inspect": ["inspect", file, "--json"],
        "check": ["check", file, "--target", "cpu"],
        "missing --json": ["inspect", file, "--json"],
    }
    ran = started(*arguments[verb], folder=tmp_path, stdout="/dev/full")
    assert ran.returncode == 2
    (said,) = ran.stderr.splitlines()
    assert ("There is no file" if "missing" in verb else "No space left on device") in said


def test_a_sentence_that_finds_no_room_leaves_its_exit_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edgekit", "inspect", str(tmp_path / "missing.tflite")]
    with Path("/dev/full").open("w") as full:
        assert subprocess.run(command, stderr=full, timeout=60).returncode == 2


def test_letters_that_an_encoding_lacks_are_written_otherwise(tmp_path: Path) -> None:
    ran = started(
        "inspect", "größe.tflite", folder=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    (said,) = ran.stderr.splitlines()
    assert said.startswith("edgekit: There is no file 'gr")


@pytest.mark.parametrize("home", ["a'b \"c", "text"])
@pytest.mark.parametrize("verb", ["bench", "setup"])
def test_a_home_of_any_name_is_a_home_and_a_file_is_none(
    home: str, verb: str, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("no folder")
    (tmp_path / "said").write_text("")
    arguments = {"bench": ["missing.tflite"], "setup": ["tflite-runtime" if home == "text" else ""]}
    before = set(snapshot(tmp_path))
    ran = started(verb, *arguments[verb], folder=tmp_path, EDGEKIT_HOME=str(tmp_path / home))
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("edgekit: ")
    assert set(snapshot(tmp_path)) == before
