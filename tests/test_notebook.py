"""Notebooks: the example runs, and shows what it makes; progress stands below its cell and is taken away."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from animate.media.inline import FilmPath
from animate.pixels import Picture
from animate.report import Cell

EXAMPLE = Path(__file__).parent.parent / "examples" / "first_film.ipynb"


def test_the_example_runs_and_shows_its_films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute: two films by the built-in model, in a kernel of its own."""
    monkeypatch.setenv("ANIMATE_CACHE", str(tmp_path / "cache"))
    notebook = nbformat.read(EXAMPLE, 4)
    NotebookClient(notebook, kernel_name="python3", timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    results = [output["data"] for cell in cells for output in cell.outputs if output["output_type"] == "execute_result"]
    assert [next(kind for kind in ("image/png", "text/html") if kind in result) for result in results] == ["image/png", "text/html", "text/html"]
    assert all('<img src="data:image/gif;base64,' in result["text/html"] for result in results[1:])
    assert all(output["data"]["text/html"] == "" for cell in cells for output in cell.outputs if output["output_type"] == "display_data")
    assert {path.name for path in tmp_path.iterdir()} >= {"growth.gif", "winter.gif", "drawings"}


def test_the_example_is_kept_as_it_was_shown() -> None:
    cells = [cell for cell in nbformat.read(EXAMPLE, 4).cells if cell.cell_type == "code"]
    assert all(any(output["output_type"] == "execute_result" for output in cell.outputs) for cell in cells)
    assert EXAMPLE.stat().st_size < 600_000


class Handle:
    """What stands below a cell."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def update(self, bundle: dict[str, str], raw: bool) -> None:
        self.seen.append(bundle["text/html"])


def test_progress_stands_below_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, cell, handles = [0.0], [1], list[Handle]()
    monkeypatch.setattr("animate.report.time.monotonic", lambda: clock[0])

    def display(bundle: dict[str, str], raw: bool, display_id: bool) -> Handle:
        handles.append(Handle())
        handles[-1].update(bundle, raw)
        return handles[-1]

    report = Cell(display, lambda: cell[0])
    for number in range(1, 11):
        clock[0] += 0.1
        report.picture(np.zeros((8, 8, 3), np.uint8))
        report.progress("drawing", number, 10)
    (handle,) = handles
    assert len(handle.seen) < 6, "not more often than anybody can see"
    assert "drawing <progress value=4 max=10></progress> 4/10" in handle.seen[1]
    assert any("data:image/png;base64," in html for html in handle.seen)
    assert handle.seen[-1] == ""
    cell[0] = 2
    report.step(3, 12)
    assert "step 3/12" in handles[1].seen[0]
    report.step(12, 12)
    assert handles[1].seen[-1] == ""


def as_png(image: Any) -> bytes | None:
    shown: bytes | None = image._repr_png_()
    return shown


def test_only_whole_images_show_themselves() -> None:
    image = np.zeros((8, 6, 3), np.uint8).view(Picture)
    assert (as_png(image) or b"").startswith(b"\x89PNG")
    assert as_png(image[..., 0]) is None
    assert as_png(image.astype(float)) is None
    assert np.array_equal(np.asarray(image), np.zeros((8, 6, 3)))


def shown(path: Path) -> Any:
    return FilmPath(path)._repr_mimebundle_()


def test_the_path_of_a_film_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, tag in (("a.gif", "<img src="), ("a.mp4", "<video src="), ("a.webm", "<video src=")):
        (tmp_path / name).write_bytes(b"film")
        assert shown(tmp_path / name)["text/html"].startswith(f'{tag}"data:')
    (tmp_path / "a.mov").write_bytes(b"film")
    assert shown(tmp_path / "a.mov") is None, "no browser plays ProRes"
    assert shown(tmp_path / "gone.gif") is None
    monkeypatch.setattr("animate.media.inline.LARGEST", 3)
    assert "too large" in shown(tmp_path / "a.gif")["text/plain"]


def test_it_is_a_path_like_any_other(tmp_path: Path) -> None:
    path = FilmPath(tmp_path / "a.gif")
    path.write_bytes(b"film")
    assert path == tmp_path / "a.gif"
    assert isinstance(path, Path)
    assert os.fspath(path) == str(tmp_path / "a.gif")
    assert Path(shutil.copy(path, tmp_path / "b.gif")).read_bytes() == b"film"
    assert path.parent == tmp_path
