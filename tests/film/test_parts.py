"""Films drawn in parts, on machines that share only files, are those of one machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from animate import AnimateError
from animate.film.parts import INDEX, Part
from conftest import Run

FILM = ("a seed", "a sprout", "a tree", "--frames", "20", "--steps", "4", "--sampler", "ddim")


def drawn(run: Run, parts: int, *options: str, skip: int = 0) -> list[str]:
    """The folders of all parts but one."""
    folders = []
    for number in range(1, parts + 1):
        if number != skip:
            code, out, said = run(*FILM, *options, "--part", f"{number}/{parts}", "-o", f"part-{number}/")
            assert (code, out.strip()) == (0, f"part-{number}/"), said
            folders.append(f"part-{number}/")
    return folders


@pytest.mark.parametrize("options", [(), ("--pace", "linear"), ("--between", "1"), ("--fast",), ("--sharing", "0.5")], ids=" ".join)
@pytest.mark.parametrize("parts", [1, 3])
def test_the_joined_film_is_that_of_one_machine(options: tuple[str, ...], parts: int, run: Run, tmp_path: Path) -> None:
    assert run(*FILM, *options, "-o", "whole.mp4")[0] == 0
    folders = drawn(run, parts, *options)
    code, out, said = run("join", *reversed(folders), "-o", "joined.mp4", "--model", str(_tiny(tmp_path, folders[0])))
    assert (code, out.strip()) == (0, "joined.mp4"), said
    assert (tmp_path / "joined.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def _tiny(tmp_path: Path, folder: str) -> str:
    """The model that the part names: it is not built in, so the person has to."""
    name: str = json.loads((tmp_path / folder / INDEX).read_text())["recipe"]["made"]["model"]
    return name


def test_joining_draws_nothing(run: Run, tmp_path: Path, work: Any) -> None:
    folders = drawn(run, 2)
    before = work.samples
    assert run("join", *folders, "-o", "joined.gif", "--model", _tiny(tmp_path, folders[0]))[0] == 0
    assert work.samples == before


def test_a_part_goes_on_from_what_lies_in_its_folder(run: Run, work: Any) -> None:
    drawn(run, 1)
    before = work.samples
    drawn(run, 1)
    assert work.samples == before


def test_a_folder_of_something_else_is_left_alone(run: Run, tmp_path: Path) -> None:
    assert run("a seed", "a tree", "--frames", "4", "--steps", "1", "-o", "frames/")[0] == 0
    code, _, said = run(*FILM, "--part", "1/2", "-o", "frames/")
    assert code == 2
    assert "frames/: is there already, and holds 00000.png; drawings go into a folder of their own" in said
    drawn(run, 1)
    for other in (("--part", "1/1", "--seed", "7"), ("--part", "1/2")):
        code, _, said = run(*FILM, *other, "-o", "part-1/")
        assert code == 2
        assert "part-1/: holds part 1 of 1 of another film; name another folder with -o" in said


def test_parts_are_equal_and_leave_nothing_out() -> None:
    for count in (1, 7, 240):
        for of in range(1, min(count, 9) + 1):
            frames = [frame for number in range(1, of + 1) for frame in Part(number, of).frames(count)]
            assert frames == [*range(count)]
            sizes = {len(Part(number, of).frames(count)) for number in range(1, of + 1)}
            assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "", "-1/2", "1/2/3"])
def test_what_is_no_part(text: str) -> None:
    with pytest.raises(AnimateError, match="allowed: which of how many, such as 2/5"):
        Part.read(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--part", "1/2"), "drawings go into a folder of their own; name it with -o part/"),
        (("--part", "1/2", "-o", "part.mp4"), "drawings go into a folder of their own"),
        (("--part", "3/2", "-o", "part/"), "allowed: which of how many"),
        (("--part", "1/99", "-o", "part/"), "99 parts of a film of 20 frames; allowed: up to 20"),
        (("--part", "1/2", "-o", "part/", "--count", "2"), "leave out --count"),
        (("--part", "1/2", "-o", "part/", "--feedback", "0.5"), "with feedback each picture begins with the one before"),
    ],
)
def test_parts_that_cannot_be_drawn(options: tuple[str, ...], message: str, run: Run) -> None:
    code, _, said = run(*FILM, *options)
    assert code == 2
    assert message in said
    assert len(said.strip().splitlines()) == 1


def test_parts_that_cannot_be_joined(run: Run, tmp_path: Path) -> None:
    folders = drawn(run, 3)
    model = ("--model", _tiny(tmp_path, folders[0]))

    def refused(*arguments: str) -> str:
        code, _, said = run("join", *arguments, "-o", "joined.mp4", *model)
        assert code == 2
        assert not (tmp_path / "joined.mp4").exists()
        line: str = said.strip().splitlines()[-1]
        return line

    assert "part 2 of 3 missing; name the folders of all parts" in refused(folders[0], folders[2])
    assert "a part was named twice" in refused(*folders, folders[0])
    assert "no folder that --part has drawn to its end" in refused(*folders, "nowhere/")
    assert "part 1 and part 2 are of different films" in _of_another_film(run, refused, folders)
    index = tmp_path / folders[1] / INDEX
    whole = index.read_text()
    index.write_text(whole[:100])
    assert "cannot be used, it was changed" in refused(*folders)
    changed = json.loads(whole)
    changed["surroundings"]["hardware"] = "another CPU"
    index.write_text(json.dumps(changed))
    assert "part 2 was drawn on hardware another CPU" in refused(*folders)
    index.write_text(whole)
    shutil.rmtree(tmp_path / folders[1] / "states")
    assert "drawings are in none of the parts" in refused(*folders)


def _of_another_film(run: Run, refused: Any, folders: list[str]) -> str:
    assert run(*FILM, "--seed", "5", "--part", "1/3", "-o", "other/")[0] == 0
    line: str = refused("other/", *folders[1:])
    return line
