"""What the studio's own components have in common: a template, a style and scripts of the folder web, and no file beside their source."""

from __future__ import annotations

from abc import ABCMeta
from pathlib import Path
from typing import Any

from gradio.component_meta import ComponentMeta, updateable

WEB = Path(__file__).parent / "web"


def web(*names: str) -> str:
    """The texts of these files, one after the other."""
    return "\n".join((WEB / name).read_text(encoding="utf-8") for name in names)


class WithoutStub(ComponentMeta):
    """Gradio's own class of components writes a stub beside a component's source file: into this package, wherever it is installed."""

    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> WithoutStub:
        attributes["__init__"] = updateable(attributes["__init__"])  # type: ignore[no-untyped-call]
        return ABCMeta.__new__(cls, name, bases, attributes)
