"""The exceptions of edgekit, one small tree.

    EdgekitError                 any failure edgekit explains in one sentence; exit code 2
    ├── BadInput                 a request that cannot be met: option, name, model, data
    │   ├── NotFound             nothing by that name or path
    │   ├── BadModelFile         a .tflite that is empty, cut, or not a .tflite
    │   ├── BadData              data, calibration or checksum that cannot be used
    │   └── UnsupportedLayer     a layer or operator the chosen way cannot carry
    ├── Unavailable              a runtime, device or tool is missing here; says how to get it
    ├── ConversionFailed         the converter refused or died; named diagnosis and remedy
    └── WorkerFailed             an interpreter process gave no answer
        ├── WorkerDied           it ended by a signal
        ├── WorkerTimeout        it did not answer in time
        └── ModelRefused         the interpreter itself refused the file

A message answers, in this order: what was given, what is allowed, what to do.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


class EdgekitError(Exception):
    """Base of every failure that edgekit explains to the user in one sentence."""


class BadInput(EdgekitError):
    """A request that cannot be met as given."""


class NotFound(BadInput):
    """No file, or no registered thing, goes by this name."""


class BadModelFile(BadInput):
    """A file is not a readable, complete `.tflite` model."""


class BadData(BadInput):
    """Data, calibration samples or a checksum cannot be used."""


class UnsupportedLayer(BadInput):
    """A layer or operator cannot be carried by the chosen way.

    Attributes:
        because: The cause alone, as a part of a sentence; "" if the message has no such part.
    """

    def __init__(self, message: str, because: str = "") -> None:
        super().__init__(message)
        self.because = because


class Unavailable(EdgekitError):
    """A runtime, device or tool is not present on this machine."""


class ConversionFailed(EdgekitError):
    """A converter refused the model or its process died."""


class WorkerFailed(EdgekitError):
    """An interpreter's worker process gave no usable answer."""


class WorkerDied(WorkerFailed):
    """The worker process ended by a signal or left without answering."""


class WorkerTimeout(WorkerFailed):
    """The worker process did not answer within its time limit."""


class ModelRefused(WorkerFailed):
    """The interpreter loaded, and refused the file or the invocation."""


def sentence_of(error: OSError) -> str:
    """Say what the system refused, and what to do about it."""
    what = error.strerror or str(error) or type(error).__name__
    where = f"'{os.fsdecode(error.filename)}': " if error.filename else ""
    return f"{where}{what.rstrip('.')}; {REMEDIES.get(error.errno or 0, _OTHERWISE)}."


def how_to_import(error: ModuleNotFoundError) -> str:
    """Say which package is missing, and how to get it; "" if what is missing is edgekit's own."""
    package = (error.name or "").partition(".")[0]
    if not package or package == "edgekit":
        return ""
    remedy = f"pip install {package}, or whatever package brings it"
    if package in _OF_BUILDS:
        remedy = "pip install 'edgekit-tflite[build]'"
    return f"the Python package '{package}' is not installed here; {remedy}."


_OF_BUILDS = {
    "PIL", "cv2", "keras", "matplotlib", "sacrebleu", "scipy", "skimage", "sklearn", "tensorflow",
    "tensorflow_model_optimization", "tf_keras", "tokenizers",
}  # fmt: skip
"""What `edgekit-tflite[build]` installs, by the names that Python imports."""

REMEDIES = {
    errno.ENOSPC: "free some space, or choose another place with --out or EDGEKIT_HOME",
    errno.EDQUOT: "free some space, or choose another place with --out or EDGEKIT_HOME",
    errno.EROFS: "choose a place that can be written to, with --out or EDGEKIT_HOME",
    errno.EACCES: "choose a place that you may read and write, or change its permissions",
    errno.EPERM: "choose a place that you may read and write, or change its permissions",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "close programs: the system has too many files open",
    errno.ENAMETOOLONG: "give a shorter name",
}
"""Number of an error that a place has, such as a full disk -> what to do about it."""

_OTHERWISE = "see that it is there and can be read and written"


def error_class(kind: str) -> type[EdgekitError]:
    """Return the exception class called `kind`, or `EdgekitError` if there is none.

    Used to raise in this process what a child process reported by name.
    """
    found = globals().get(kind)
    return found if isinstance(found, type) and issubclass(found, EdgekitError) else EdgekitError


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question to put behind a refusal, such as ` Did you mean 'int8'?`; "" if none fits.

    Args:
        name: What was given.
        known: The names there are.
    """
    import difflib  # here, since most commands name what there is

    close = difflib.get_close_matches(name.lower(), known, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def printable(text: str) -> str:
    """Return the text with control characters and lone surrogates shown as replacements."""
    return _UNPRINTABLE.sub("\ufffd", text)


def reason(error: BaseException | str) -> str:
    """Return the line of an error's text that says most, without its final full stop."""
    lines = [line.strip() for line in _ANSI.sub("", str(error)).splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"\w*(Error|Exception): ", line)]
    kind = type(error).__name__ if isinstance(error, BaseException) else "no message"
    best = re.sub(r"^\w*(Error|Exception): ", "", named[-1]) if named else (lines or [kind])[0]
    if best.startswith("Exception encountered when calling") and len(lines) > 1:
        best = lines[lines.index(next(line for line in lines if line.endswith(best))) + 1]
    return best[:300].rstrip(".: ")
