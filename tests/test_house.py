"""The house: dependencies run one way, and heavy libraries stay where they are needed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import animate

PACKAGE = Path(animate.__file__).parent

# A room may import from the rooms on its line and from `errors`; what is not listed is a mistake.
MAY_IMPORT = {
    "errors": set(),
    "storyboard": set(),
    "cel": set(),
    "schedule": {"storyboard"},
    "timeline": {"storyboard", "schedule", "cel"},
    "curve": {"cel"},
    "plan": {"storyboard", "schedule", "timeline", "cel", "curve"},
    "blend": set(),
    "places": set(),
    "models": {"blend", "places"},
    "store": {"models", "places", "cel"},
    "engine": {"cel"},
    "feedback": {"blend", "camera", "cel", "engine", "models"},
    "drawer": {"blend", "cel", "engine", "feedback", "models"},
    "runner": {"cel", "models", "engine", "drawer", "store"},
    "film": {
        *("storyboard", "timeline", "cel", "plan", "models", "runner", "store", "recipe", "photo"),
        *("pacing", "curve", "between", "distance"),
    },
    "ffmpeg": set(),
    "tags": {"ffmpeg"},
    "video": {"ffmpeg", "tags", "sound"},
    "recipe": {"storyboard", "tags", "curve"},
    "preflight": {"storyboard"},
    "contact": set(),
    "distance": set(),
    "score": {"distance"},
    "reading": {"ffmpeg"},
    "between": {"blend"},
    "sound": {"ffmpeg"},
    "camera": {"cel"},
    "pacing": {"cel", "curve", "plan", "engine", "distance", "storyboard"},
    "photo": set(),
    "cli": {
        *("storyboard", "timeline", "curve", "film", "models", "store", "recipe", "preflight", "video", "contact", "photo"),
        *("score", "distance", "reading", "sound"),
    },
    "__init__": {"storyboard", "film", "models", "store", "video"},
    "__main__": {"cli"},
}
NO_TORCH_AT_IMPORT = {
    "storyboard",
    "timeline",
    "cel",
    "curve",
    "schedule",
    "sound",
    "reading",
    "plan",
    "cli",
    "__init__",
    "errors",
    "contact",
    "video",
    "tags",
    "ffmpeg",
    "recipe",
    "places",
    "photo",
}
HEAVY = {"torch", "diffusers", "transformers"}


def sources() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path


def imported(path: Path, nodes: Iterator[ast.AST]) -> set[str]:
    """Names of rooms for relative imports, of packages for absolute ones."""
    depth = len(path.relative_to(PACKAGE).parts) - 1
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert not (node.module or "").startswith("animate"), "rooms import each other by relative names"
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.level == depth + 1:
            found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize(("room", "path"), [pytest.param(*source, id=str(source[1].relative_to(PACKAGE))) for source in sources()])
def test_dependencies_run_one_way(room: str, path: Path) -> None:
    tree = ast.parse(path.read_text())
    rooms = imported(path, ast.walk(tree)) & set(MAY_IMPORT)
    assert rooms <= MAY_IMPORT[room] | {"errors", room}


@pytest.mark.parametrize(("room", "path"), [pytest.param(*source, id=str(source[1].relative_to(PACKAGE))) for source in sources()])
def test_light_rooms_import_nothing_heavy(room: str, path: Path) -> None:
    if room in NO_TORCH_AT_IMPORT:
        tree = ast.parse(path.read_text())
        assert not imported(path, iter(tree.body)) & HEAVY


def test_every_public_name_is_there() -> None:
    assert all(getattr(animate, name) for name in animate.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = animate.nothing
