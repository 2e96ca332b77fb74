"""The house: rooms in the order of their dependencies, no circles, small files, and heavy libraries only where they are needed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import animate

PACKAGE = Path(animate.__file__).parent

# A file may import from what stands before it, and from its own room. `import animate` stands for `__init__`: it comes last.
LEAVES = ["errors", "pixels", "report", "blend", "places"]
ROOMS = ["story", "plan", "models", "draw", "cluster", "media", "measure", "film", "studio", "cli"]
ORDER = [*LEAVES, *ROOMS, "__main__", "__init__"]
ORDER_OF_MODELS = ["memory", "quiet", "parts", "base", "placement", "families", "weights", "source", "__init__"]

HEAVY = {"torch", "diffusers", "transformers"}
LIGHT = ("story/", "plan/", "cli/", "media/", "film/recipe.py", "film/preflight.py", "errors.py", "report.py", "places.py", "__init__.py")

Module = tuple[str, ...]  # ("models", "base"); a package is ("models", "__init__")


def files(*beginnings: str) -> list[Path]:
    """Those whose path in the package begins so."""
    return sorted(path for path in PACKAGE.rglob("*.py") if str(path.relative_to(PACKAGE)).startswith(beginnings or ("",)))


def module(path: Path) -> Module:
    return path.relative_to(PACKAGE).with_suffix("").parts


MODULES = {module(path) for path in files()}


def imported(of: Module, node: ast.AST) -> Iterator[Module]:
    """The files of this package that an import statement names."""
    if isinstance(node, ast.ImportFrom) and node.level:
        folder = (*of[: len(of) - node.level], *(node.module or "").split("."))
        base = tuple(part for part in folder if part)
        for alias in node.names:
            ways = (*base, alias.name), (*base, alias.name, "__init__"), base, (*base, "__init__")
            yield next((name for name in ways if name in MODULES), base)


def outside(node: ast.AST) -> Iterator[str]:
    """The packages that an absolute import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name.split(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield (node.module or "").split(".")[0]


def at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """What runs when a file is imported: not the bodies of functions, nor what is there for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from at_import(node)


GRAPH = {module(path): {name for node in ast.walk(ast.parse(path.read_text())) for name in imported(module(path), node)} for path in files()}


@pytest.mark.parametrize("name", GRAPH, ids="/".join)
def test_a_file_imports_only_what_stands_before_it(name: Module) -> None:
    for used in GRAPH[name]:
        assert ORDER.index(used[0]) <= ORDER.index(name[0]), f"{'/'.join(name)} imports {'/'.join(used)}"
        if name[0] == used[0] == "models":
            assert ORDER_OF_MODELS.index(used[1]) <= ORDER_OF_MODELS.index(name[1]), f"{'/'.join(name)} imports {'/'.join(used)}"


def test_files_import_each_other_in_no_circle() -> None:
    """Imports inside functions and for type checkers included. A circle is named by the error."""
    list(TopologicalSorter(GRAPH).static_order())


def test_the_graph_is_that_of_the_imports() -> None:
    text = "from . import cel\nfrom ..story import timeline\nfrom ..errors import AnimateError\ndef f():\n from ..models import load_model"
    names = {name for node in ast.walk(ast.parse(text)) for name in imported(("plan", "tree"), node)}
    assert names == {("plan", "cel"), ("story", "timeline"), ("errors",), ("models", "__init__")}
    assert ("blend",) in GRAPH["models", "base"]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_short_and_imports_its_own_package_by_relative_names(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= 300
    assert "animate" not in {name for node in ast.walk(ast.parse(path.read_text())) for name in outside(node)}


def test_there_are_few_rooms_and_the_tests_stand_in_the_same() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    assert len(rooms) <= 10
    assert rooms == set(ROOMS)
    folders = {path.name for path in Path(__file__).parent.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == rooms | {"benchmarks"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py"))[1:], ids=lambda path: str(path.parent.relative_to(PACKAGE)))
def test_a_package_says_what_it_is_and_what_it_does_not_know(path: Path) -> None:
    line = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]
    assert re.fullmatch(r"[A-Z][^.]+\..* (Knows|Imports) .*\b(nothing|no|neither|only)\b.*\.", line)


@pytest.mark.parametrize("path", files(*LIGHT), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_light_files_import_nothing_heavy(path: Path) -> None:
    assert not HEAVY & {name for node in at_import(ast.parse(path.read_text())) for name in outside(node)}


def test_the_command_line_imports_nothing_heavy_on_any_way() -> None:
    """Measured in a new process: its modules, and those of the rooms that it needs before there is a model."""
    names = [name for name in MODULES if name[0] in ("story", "plan", "media", "cli") or name in (("film", "recipe"), ("film", "preflight"))]
    lines = [f"import {'.'.join(('animate', *name)).removesuffix('.__init__')}" for name in sorted(names)]
    script = "\n".join(["import sys", *lines, "print(*sys.modules)"])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "animate.cli.render" in done.stdout.split()
    assert not HEAVY & set(done.stdout.split())


def test_ray_is_known_to_one_file_and_imported_only_when_workers_are_asked_for() -> None:
    knows = {module(path) for path in files() if "ray" in {name for node in ast.walk(ast.parse(path.read_text())) for name in outside(node)}}
    assert knows == {("cluster", "crew")}
    assert "ray" not in {name for node in at_import(ast.parse((PACKAGE / "cluster" / "crew.py").read_text())) for name in outside(node)}


def test_gradio_is_known_to_the_studio_alone_and_imported_only_when_a_page_is_built() -> None:
    knows = {module(path) for path in files() if "gradio" in {name for node in ast.walk(ast.parse(path.read_text())) for name in outside(node)}}
    assert {name[0] for name in knows} == {"studio"}
    script = "import sys, animate.cli.studio, animate.cli.render; sys.exit('gradio' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_every_public_name_is_there() -> None:
    assert all(getattr(animate, name) for name in animate.__all__)
    assert {*animate.__all__} <= {*dir(animate)}, "which notebooks complete by"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = animate.nothing
