"""Fills in the Jinja templates that ship beside the modules that write from them."""

from __future__ import annotations

from collections.abc import Mapping

from edgekit.core.paths import packaged


def filled(folder: str, name: str, values: Mapping[str, object], *, escape: bool) -> str:
    """Return a template's text with its values in place; a missing value is an error.

    Args:
        folder: Folder of the package, such as `reports`.
        name: File name of the template.
        values: Name -> value or function that the template uses.
        escape: Whether values are escaped for HTML.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(packaged(folder)),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name).render(**values)
