"""Nothing after the last picture costs it: a recipe that cannot be written, packages without metadata, by every route to a file."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animate import Storyboard, render
from animate.film import recipe
from animate.film.pictures import Pictures
from animate.media import reading
from animate.models.families.unet import UNetModel
from conftest import Run
from test_sound import song

FAST = ("--steps", "1", "--guidance", "1")
FILM = ("a seed", "a tree", *FAST, "--frames", "4", "--pace", "linear")
FLOW = ("--between", "1", "--between-by", "flow")
ROUTES = {  # what is asked for, the files that come of it, and how many pictures are in each
    "film": ((*FILM, "-o", "film.mp4"), ("film.mp4",), 4),
    "animation": ((*FILM, "-o", "film.gif"), ("film.gif",), 4),
    "folder": ((*FILM, "-o", "film/"), ("film",), 4),
    "in-betweens": ((*FILM, *FLOW, "-o", "film.gif"), ("film.gif",), 7),
    "sound": ((*FILM, "--sound", "song.wav", "-o", "film.mp4"), ("film.mp4",), 4),
    "several": ((*FILM, "--count", "2", "-o", "film.gif"), ("film-seed-0.gif", "film-seed-1.gif"), 4),
    "still": (("still", "a tree", *FAST, "-o", "a.png"), ("a.png",), 1),
    "stills": (("still", "a tree", *FAST, "--count", "2", "-o", "a.png"), ("a.png", "a-seed-0.png", "a-seed-1.png"), 1),
    "samples": (("still", "a tree", *FAST, "--n_iter", "2", "--outdir", "out"), ("out/samples/00001.png", "out/grid-0000.png"), 1),
    "sheet": (("sheet", "a seed", "a tree", *FAST, "-o", "a.webp"), ("a.webp",), 1),
}


def uninstall(monkeypatch: pytest.MonkeyPatch, *gone: str, **renamed: str) -> None:
    """As if these packages had no metadata; others have that of another one."""
    real = metadata.Distribution.from_name

    def from_name(name: str) -> metadata.Distribution:
        if name in gone:
            raise metadata.PackageNotFoundError(name)
        return real(renamed.get(name.replace("-", "_"), name))

    monkeypatch.setattr(metadata.Distribution, "from_name", from_name)


def drawn(run: Run, route: str) -> tuple[str, list[Path]]:
    """What was said on standard error, and the files."""
    song(Path("song.wav"), 0.34)
    command, files, count = ROUTES[route]
    code, _, err = run(*command)
    assert code == 0, err
    for file in files:
        assert len([*reading.frames(Path(file))]) == count, file
    return err, [Path(file) for file in files]


@pytest.mark.parametrize("route", ROUTES)
def test_a_recipe_that_cannot_be_written_is_a_warning(run: Run, monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    def failing(self: recipe.Recipe) -> str:
        raise ValueError("no such recipe")

    monkeypatch.setattr(recipe.Recipe, "pack", failing)
    err, files = drawn(run, route)
    for file in files:
        assert f"animate: warning: {file} carries no recipe: no such recipe\n" in err


@pytest.mark.parametrize("route", ROUTES)
def test_a_checkout_that_is_not_installed_draws_with_a_recipe(run: Run, monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    uninstall(monkeypatch, "animate", *recipe.OPENCV)
    err, files = drawn(run, route)
    assert "warning" not in err
    for file in files:
        versions = recipe.read(file).made.versions
        assert (versions["animate"], versions["torch"]) == ("not installed", metadata.version("torch"))
        assert ("opencv-python-headless" in versions) == (route == "in-betweens")


def test_it_draws_again_verifies_and_is_looked_at(run: Run, monkeypatch: pytest.MonkeyPatch, tiny_folder: Path) -> None:
    where = ("--model", str(tiny_folder))
    run(*FILM, "-o", "film.gif")
    uninstall(monkeypatch, "animate")
    code, _, err = run("again", "film.gif", "-o", "again.gif", *where)
    assert code == 0
    assert f"animate: {recipe.read(Path('film.gif')).made.versions['animate']} then, not installed now" in err
    assert run("verify", "again.gif", *where)[0] == 0
    assert run("show", "again.gif")[0] == 0
    code, out, _ = run("doctor")
    assert "animate not installed" in out


@pytest.mark.parametrize("name", recipe.OPENCV)
def test_opencv_is_recorded_under_the_name_that_it_is_installed_by(run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    uninstall(monkeypatch, *({*recipe.OPENCV} - {name}), **{name.replace("-", "_"): "numpy"})
    err, (film,) = drawn(run, "in-betweens")
    versions = recipe.read(film).made.versions
    assert "warning" not in err
    assert {package: version for package, version in versions.items() if "opencv" in package} == {name: metadata.version("numpy")}


def test_where_it_was_drawn_is_known_before_the_first_picture(tiny: UNetModel) -> None:
    """So that nothing about it can fail after the last one."""
    images = render(Storyboard.of("a seed", "a tree", frames=4, pace="linear"), tiny)
    before = images.made
    for _ in images:
        pass
    assert images.made == before == images.recipe.made


def test_a_recipe_that_fails_does_not_cost_the_surroundings(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: Pictures) -> Any:
        raise ValueError("no such recipe")

    monkeypatch.setattr(Pictures, "recipe", property(failing))
    images = render(Storyboard.of("a seed", "a tree", frames=4, pace="linear"), tiny)
    assert np.asarray(next(images)).shape == (64, 64, 3)
    assert images.made.model == tiny.name
