"""A program called `adb` that answers as a phone with the app would, and keeps what it was told.

It replays what `adb` and `am instrument` print; the report is made of the bundle that it was sent,
as the app makes it.
"""

from __future__ import annotations

import sys
from pathlib import Path

SCRIPT = """#!{python}
import base64, json, os, pathlib, shutil, sys, zipfile
import numpy as np

home = pathlib.Path({home!r})
settings = json.loads((home / "settings.json").read_text())
arguments = sys.argv[1:]
with (home / "told.txt").open("a") as told:
    print(*arguments, file=told)
if arguments == ["devices"]:
    print("List of devices attached")
    for serial, state in settings["phones"].items():
        print(f"{{serial}}\\t{{state}}")
    print()
    raise SystemExit(0)
if arguments[0] == "-s":
    arguments = arguments[2:]
if arguments[:3] == ["shell", "pm", "path"]:
    if not settings["installed"]:
        raise SystemExit(1)
    print("package:/data/app/~~f7Qb==/edgekit.demo-1aZ==/base.apk")
elif arguments[0] == "push":
    shutil.copyfile(arguments[1], home / "sent.zip")
    print(f"{{arguments[1]}}: 1 file pushed, 0 skipped. 31.2 MB/s (58704 bytes in 0.002s)")
elif arguments[0] == "shell" and arguments[1].startswith("am instrument"):
    if settings["crash"]:
        print("INSTRUMENTATION_RESULT: shortMsg=Process crashed.")
        print("INSTRUMENTATION_CODE: 0")
        raise SystemExit(0)
    gpu = "-e gpu true" in arguments[1]
    bundle = zipfile.ZipFile(home / "sent.zip")
    facts = json.loads(bundle.read("bundle.json"))
    words = arguments[1].split()
    variant = words[words.index("variant") + 1]
    models = []
    for model in facts["models"]:
        if model["variant"] != variant:
            continue
        golden = facts["golden"]["parts"].get(model["part"], facts["golden"])
        answers = []
        for tensor in golden["tensors"]:
            if tensor["role"] == "output":
                values = np.frombuffer(bundle.read(tensor["file"]), tensor["dtype"])
                values = values.astype("<f4") * settings["scale"]
                text = base64.b64encode(values.astype("<f4").tobytes()).decode()
                answers.append(
                    {{"name": tensor["name"], "shape": tensor["shape"], "float32": text}}
                )
        ran = "gpu" if gpu and settings["gpu"] else "cpu"
        why = "" if ran == "gpu" or not gpu else "The GPU refused 'm': ErrorCompilation"
        models.append(
            {{"part": model["part"], "precision": model["precision"], "file": model["file"],
             "sha256": model["sha256"], "asked_for": "gpu" if gpu else "cpu", "ran_on": ran,
             "why_not": why, "examples": 8, "ok": True, "outputs": [], "answers": answers}}
        )
    report = {{"edgekit_device_report": 1, "recipe": facts["recipe"], "variant": variant,
              "device": {{"manufacturer": "Fairphone", "model": "FP5", "android": "15"}},
              "latency": {{"runs": 56, "median_ms": 1.25, "p90_ms": 1.5}},
              "peak_memory_bytes": 98304000, "models": models}}
    (home / "report.json").write_text(json.dumps(report))
    print("INSTRUMENTATION_RESULT: report=/data/user/0/edgekit.demo/cache/device_report.json\\r")
    print("INSTRUMENTATION_CODE: -1\\r")
elif arguments[:3] == ["exec-out", "run-as", "edgekit.demo"]:
    print((home / "report.json").read_text(), end="")
elif arguments[:2] != ["shell", "rm"]:
    print("adb: unknown command " + arguments[0], file=sys.stderr)
    raise SystemExit(1)
"""

SETTINGS = {
    "phones": {"R58M123ABC": "device"},
    "installed": True,
    "crash": False,
    "gpu": False,
    "scale": 1.0,
}


def write_fake_adb(folder: Path) -> Path:
    """Write the program into a folder, which has to be on PATH; return the folder."""
    folder.mkdir()
    script = folder / "adb"
    script.write_text(SCRIPT.format(python=sys.executable, home=str(folder)))
    script.chmod(0o755)
    return folder
