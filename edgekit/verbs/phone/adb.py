"""Ask the Android app on a phone for its self-test, over adb.

The app of `android-demo/` runs the file, not TensorFlow's `benchmark_model`: that tool tells no
90th percentile, gives no answers that can be compared, and runs another API than apps use. Nor is
it our worker: phones have no Python. So what is measured is what an app gets, and the phone's
answers are judged by the rules that hold everywhere.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgekit.core import processes
from edgekit.core.errors import BadInput, Unavailable, WorkerFailed
from edgekit.verbs.phone.app_bundle import AppBundle, scratch

APP = "edgekit.demo"
RUNNER = f"{APP}/.SelfTestInstrumentation"
SENT = "/data/local/tmp/edgekit-bundle.zip"
"""Where adb may write and apps may read."""

ANSWER_S = 20
LONGEST_S = 900

_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]*")
_RESULT = re.compile(r"INSTRUMENTATION_(?:RESULT|STATUS): (\w+)=(.*)")


@dataclass(frozen=True, kw_only=True)
class Phone:
    """A phone that adb reaches.

    Attributes:
        serial: As `adb devices` lists it; "" for the only one.
    """

    serial: str = ""

    def missing(self) -> str:
        """Return "" if the phone and the app on it can be asked, else what to do about it."""
        if shutil.which("adb") is None:
            return "adb is not installed; run: sudo apt-get install adb"
        done = processes.run(["adb", "devices"], timeout_s=ANSWER_S)
        if not done.ok:
            return f"`adb devices` failed: {done.cause()}. Make this command work first."
        if why := self._not_reached(_states(done.stdout)):
            return why
        found = self._run("shell", "pm", "path", APP, timeout_s=ANSWER_S)
        if "package:" not in found.stdout:
            return (
                f"The app {APP} is not on the phone; open android-demo/ in Android Studio and run "
                "it once, or: cd android-demo && ./gradlew :app:installDebug"
            )
        return ""

    def self_test(self, bundle: AppBundle, *, gpu: bool, runs: int) -> Path:
        """Let the app replay the bundle's golden vectors; return its report, in a new folder.

        Args:
            bundle: What is sent.
            gpu: Whether the GPU is asked for.
            runs: Invocations that are timed at least, up to 1,000.

        Raises:
            Unavailable: The phone or the app is not there.
            WorkerFailed: The app did not end its self-test.
        """
        if why := self.missing():
            raise Unavailable(why)
        self._checked("sending the bundle", "push", str(bundle.zipped()), SENT)
        try:
            said = self._checked("the self-test", "shell", _instrument(bundle.variant, gpu, runs))
        finally:
            self._run("shell", "rm", "-f", SENT, timeout_s=ANSWER_S)
        results = dict(_RESULT.findall(said.replace("\r", "")))
        if "report" not in results:
            raise WorkerFailed(f"The app on the phone failed: {_failure(results, said)}.")
        read = self._checked(
            "reading the report", "exec-out", "run-as", APP, "cat", results["report"]
        )
        report = scratch() / "device_report.json"
        report.write_text(read, encoding="utf-8")
        return report

    def _not_reached(self, states: Mapping[str, str]) -> str:
        """Return why no phone, or not this one, can be asked, as a sentence; "" if it can."""
        serial = self.serial or next(iter(states), "")
        if not states or serial not in states:
            there = ", ".join(states) or "none"
            return (
                f"adb sees no phone{f' {serial!r}' if serial else ''}; it sees: {there}. Connect "
                "it with USB debugging on."
            )
        if not self.serial and len(states) > 1:
            names = ", ".join(states)
            return f"adb sees several phones: {names}; name one: --device adb:{serial}"
        if states[serial] != "device":
            return f"Phone {serial} is {states[serial]}; allow USB debugging on its screen."
        return ""

    def _run(self, *arguments: str, timeout_s: float = LONGEST_S) -> processes.Finished:
        chosen = ("-s", self.serial) if self.serial else ()
        return processes.run(["adb", *chosen, *arguments], timeout_s=timeout_s)

    def _checked(self, what: str, *arguments: str) -> str:
        done = self._run(*arguments)
        if not done.ok:
            raise WorkerFailed(f"adb failed at {what}: {done.cause('error', 'adb:').rstrip('.')}.")
        return done.stdout


def phone_of(device: str) -> Phone | None:
    """Return the phone that `adb` or `adb:SERIAL` names; None if it is another device.

    Raises:
        BadInput: What follows is no serial.
    """
    kind, colon, serial = device.partition(":")
    if kind != "adb":
        return None
    if colon and not _SERIAL.fullmatch(serial):
        raise BadInput(f"'{device}' is no phone; give adb or adb:SERIAL, as `adb devices` says.")
    return Phone(serial=serial)


def _instrument(variant: str, gpu: bool, runs: int) -> str:
    options = {"zip": SENT, "variant": variant, "gpu": str(gpu).lower(), "runs": str(runs)}
    pairs = [f"-e {name} {shlex.quote(value)}" for name, value in options.items()]
    return f"am instrument -w -r {' '.join(pairs)} {RUNNER}"


def _states(listed: str) -> dict[str, str]:
    """Return serial -> state of what `adb devices` lists."""
    rows = (line.split("\t") for line in listed.replace("\r", "").splitlines()[1:])
    return {row[0]: row[1].strip() for row in rows if len(row) > 1}


def _failure(results: Mapping[str, str], said: str) -> str:
    for name in ("error", "longMsg", "shortMsg", "Error"):
        if results.get(name):
            return results[name].strip().rstrip(".")
    return " ".join(said.split())[:200] or "it said nothing"
