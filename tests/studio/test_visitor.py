"""No file of anybody else is read or shown: not by a crafted name, a link, an upload that is none."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from animate import AnimateError
from animate.studio.limits import Limits
from animate.studio.visitor import PICTURES, SOUNDS, Visitor


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    return Visitor.named("ann", tmp_path / "home", inbox, Limits(upload=1, pixels=1, kept=2))


def picture(path: Path, side: int = 8) -> Path:
    PIL.Image.fromarray(np.zeros((side, side, 3), np.uint8)).save(path)
    return path


def test_visitors_have_folders_of_their_own_whatever_their_names_are(tmp_path: Path) -> None:
    names = ("ann", "bob", "../ann", "a/b", "", "\N{SNOWMAN}" * 300)
    folders = [Visitor.named(name, tmp_path, tmp_path, Limits()).folder for name in names]
    assert len({*folders}) == len(names)
    assert all(folder.parent == tmp_path.resolve() for folder in folders)


def test_names_that_lead_elsewhere_are_no_files(visitor: Visitor, tmp_path: Path) -> None:
    secret = picture(tmp_path / "secret.png")
    other = Visitor.named("bob", tmp_path / "home", visitor.inbox, visitor.limits)
    theirs = picture(other.folder / "theirs.png")
    (visitor.folder / "link.png").symlink_to(secret)
    (visitor.folder / "folder").symlink_to(tmp_path)
    (visitor.folder / "round").symlink_to("round")
    os.mkfifo(visitor.folder / "pipe.png")
    mine = picture(visitor.folder / "mine.png")
    assert visitor.file("mine.png") == mine
    for name in (
        *("/etc/passwd", str(secret), "../../secret.png", f"../{other.folder.name}/theirs.png", str(theirs), "link.png", "folder/secret.png"),
        *("round", "pipe.png", "nothing.png", "", ".", "mine.png\0", "a" * 5000, "mine.png/.."),
    ):
        with pytest.raises(AnimateError, match="is no file of yours here; upload it"):
            visitor.file(name)
        with pytest.raises(AnimateError, match="is no file of yours here"):
            visitor.joined({"keyframes": ["a", {"image": name}]})
        with pytest.raises(AnimateError, match="is no file of yours here"):
            visitor.joined({"keyframes": ["a", "b"], "sound": name})


def test_only_what_was_uploaded_is_adopted(visitor: Visitor, tmp_path: Path) -> None:
    uploaded = picture(visitor.inbox / "photo.PNG")
    name = visitor.adopt_picture(str(uploaded))
    assert visitor.file(name).read_bytes() == uploaded.read_bytes()
    assert visitor.adopt_picture(str(uploaded)) == name, "once"
    outside = picture(tmp_path / "outside.png")
    (visitor.inbox / "link.png").symlink_to(outside)
    for path in (str(outside), "/etc/passwd", str(visitor.inbox / "link.png"), str(visitor.inbox / ".." / "outside.png"), ""):
        with pytest.raises(AnimateError, match="only files that are uploaded here"):
            visitor.adopt(path, PICTURES)
    with pytest.raises(AnimateError, match=r"not a file of this kind; allowed: \.wav"):
        visitor.adopt(str(uploaded), SOUNDS)
    (visitor.inbox / "large.png").write_bytes(bytes(1_000_001))
    with pytest.raises(AnimateError, match="larger than 1 MB"):
        visitor.adopt(str(visitor.inbox / "large.png"), PICTURES)
    with pytest.raises(AnimateError, match="1008 x 1008 pixels; this studio takes up to 1 million"):
        visitor.adopt_picture(str(picture(visitor.inbox / "wide.png", 1008)))
    (visitor.inbox / "text.png").write_text("no picture")
    with pytest.raises(AnimateError):
        visitor.adopt_picture(str(visitor.inbox / "text.png"))


def test_a_storyboard_names_files_of_the_folder_and_says_which_it_lost(visitor: Visitor, tmp_path: Path) -> None:
    mine, other = picture(visitor.folder / "mine.png"), picture(tmp_path / "other.png")
    data = {"keyframes": [{"prompt": "a", "image": str(mine)}, {"prompt": "b", "image": str(other)}, "c"], "sound": str(tmp_path / "song.wav")}
    relative, lost = visitor.relative(data)
    assert relative == {"keyframes": [{"prompt": "a", "image": "mine.png"}, {"prompt": "b"}, "c"]}
    assert lost == ["song.wav", "other.png"]
    assert visitor.joined(relative)["keyframes"][0] == {"prompt": "a", "image": str(mine)}
