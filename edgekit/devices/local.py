"""This machine."""

from __future__ import annotations

from edgekit.core.kinds import Device

device = Device(command=lambda runtime: runtime.command(), missing=lambda: "")
