"""A film in a folder is replaced as a file is, and a folder that holds anything else never."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animate import AnimateError, write_video
from animate.media.containers import IN_FOLDER


def film(frames: int, grey: int) -> list[np.ndarray]:
    return [np.full((8, 8, 3), grey, np.uint8)] * frames


def test_a_film_is_replaced_by_a_shorter_one(tmp_path: Path) -> None:
    folder = f"{tmp_path}/frames/"
    write_video(folder, film(5, 10), 12, note=lambda count: "animate recipe: {}")
    write_video(folder, film(3, 200), 12, note=lambda count: "animate recipe: {}")
    assert sorted(path.name for path in Path(folder).iterdir()) == ["00000.png", "00001.png", "00002.png", IN_FOLDER]
    assert [path.name for path in tmp_path.iterdir()] == ["frames"], "nothing is left beside it"


@pytest.mark.parametrize("other", ["notes.txt", "photo.png", "00000.jpg", "more/"])
def test_what_else_lies_in_a_folder_is_safe(tmp_path: Path, other: str) -> None:
    folder = f"{tmp_path}/frames/"
    write_video(folder, film(2, 10), 12, note=lambda count: "animate recipe: {}")
    path = tmp_path / "frames" / other
    path.mkdir() if other.endswith("/") else path.write_text("mine")
    with pytest.raises(AnimateError, match="holds more than a film of animate; name a new folder"):
        write_video(folder, film(2, 200), 12, note=lambda count: "animate recipe: {}")
    assert path.exists()


def test_pictures_without_a_recipe_may_be_anybodys(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "00000.png").write_text("mine")
    with pytest.raises(AnimateError, match="holds more than a film"):
        write_video(f"{tmp_path}/frames/", film(2, 200), 12)


def test_a_film_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    folder = f"{tmp_path}/frames/"
    write_video(folder, film(2, 10), 12, note=lambda count: "animate recipe: {}")
    with pytest.raises(AnimateError):
        write_video(folder, [*film(1, 20), np.zeros((4, 4, 3), np.uint8)], 12, note=lambda count: "animate recipe: {}")
    assert len(list((tmp_path / "frames").iterdir())) == 3
