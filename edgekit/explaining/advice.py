"""Say which of the attempts to take."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.explaining.laboratory import Tried


def shortest_of(tried: Sequence[Tried]) -> Tried | None:
    """Return the file within its limits that has the fewest layers in float, or None."""
    good = [each for each in tried if each.ok and each.keep_float and not each.split_outputs]
    return min(good, key=lambda each: (len(each.keep_float), each.size_bytes), default=None)


def smallest_of(tried: Sequence[Tried]) -> Tried | None:
    """Return the smallest file within its limits, or None; of mixed ones only the shortest list."""
    good = [each for each in tried if each.ok and (each.split_outputs or not each.keep_float)]
    good += [shortest] if (shortest := shortest_of(tried)) else []
    return min(good, key=lambda each: each.size_bytes, default=None)


def advice(tried: Sequence[Tried], skipped: Sequence[str]) -> str:
    """Return what to do, in lines; commands stand at the end of a line, to be pasted.

    Args:
        tried: The file as it is, then the attempts.
        skipped: What there was no time for.
    """
    if tried[0].ok:
        return "Its outputs are within their limits on every runtime here; nothing else was tried."
    skipped = list(dict.fromkeys(skipped))
    best, mixed = smallest_of(tried), shortest_of(tried)
    if best is None:
        if len(tried) == 1 and not skipped:
            return "The file is out of its limits; no next step was tried."
        missing = f" There was no time for: {'; '.join(skipped)}; allow more." if skipped else ""
        return f"Nothing that was tried is within its limits: take float32.{missing}"
    lines = [f"Take {_measured(best)}, the smallest that is within its limits: {best.command}"]
    apart = next((each for each in tried if each.ok and each.split_outputs), None)
    stays = f"To stay with {tried[0].precision}" if best.precision != tried[0].precision else "Or"
    lines += [
        f"{stays}: {_measured(other)}: {other.command}"
        for other in (apart, mixed)
        if other and other is not best
    ]
    return "\n".join(lines)


def _measured(tried: Tried) -> str:
    return f"{tried.what} ({tried.size_bytes:,} bytes)"
