"""This machine."""

from __future__ import annotations

from edgekit.types import Device

device = Device(command=lambda runtime: runtime.command(), missing=lambda: "")
