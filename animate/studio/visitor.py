"""Whose files are whose: every visitor has a folder, and no file outside it is read for them, or shown to them. Knows no page.

    <folder>/<visitor>/             finished films and pictures
    <folder>/<visitor>/uploads/     pictures and sounds that they brought

Storyboards of the studio name files relative to the visitor's folder.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AnimateError, one_line
from ..film import recipe
from ..media import formats
from ..places import is_file
from .limits import Limits

UPLOADS = "uploads"
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
SOUNDS = (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".opus")


@dataclass(frozen=True)
class Visitor:
    """One person, or one tab of a browser where nobody says who they are."""

    folder: Path  # their own, at its real place
    inbox: Path  # where the server puts what is uploaded
    limits: Limits

    @classmethod
    def named(cls, name: str, home: Path, inbox: Path, limits: Limits) -> Visitor:
        """name: of a user or of a session, whatever letters it has; empty: the only one there is."""
        folder = home / (hashlib.sha256(name.encode()).hexdigest()[:24] if name else "mine")
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder.resolve(), inbox.resolve(), limits)

    def file(self, name: str) -> Path:
        """A file in the folder by its name there. Raises AnimateError for any other file."""
        path = self.folder / name
        try:
            inside = path.resolve().is_relative_to(self.folder) and is_file(path)
        except (OSError, ValueError, RuntimeError):  # a name that no disk takes, a circle of links
            inside = False
        if not inside:
            raise AnimateError(f'"{one_line(name, 80)}" is no file of yours here; upload it')
        return path

    def adopt(self, uploaded: str, kinds: tuple[str, ...]) -> str:
        """Keep a file that was uploaded just now, and return its name in the folder.

        kinds: suffixes. Raises AnimateError for a path that is no upload, for another kind and for a file that is too large.
        """
        path = Path(uploaded).resolve()
        if not path.is_relative_to(self.inbox) or not is_file(path):
            raise AnimateError("only files that are uploaded here can be used; choose the file again")
        if path.suffix.lower() not in kinds:
            raise AnimateError(f"{one_line(path.name, 80)}: not a file of this kind; allowed: {', '.join(kinds)}")
        if path.stat().st_size > self.limits.upload * 10**6:
            raise AnimateError(f"{one_line(path.name, 80)}: larger than {self.limits.upload} MB, which is the most here; make it smaller")
        name = f"{UPLOADS}/{_digest(path)}{path.suffix.lower()}"
        target = self.folder / name
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, target)
        return name

    def adopt_picture(self, uploaded: str) -> str:
        """As `adopt`; also raises AnimateError for what is no picture, or one of too many pixels."""
        from ..media.images import size

        name = self.adopt(uploaded, PICTURES)
        width, height = size(str(self.folder / name))
        if width * height > self.limits.pixels * 10**6:
            raise AnimateError(f"a picture of {width} x {height} pixels; this studio takes up to {self.limits.pixels} million")
        return name

    def joined(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """A storyboard's plain data with the places of its files on this disk. Raises AnimateError for files that are not the visitor's."""
        return _named(data, lambda name: str(self.file(name)))

    def relative(self, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """A storyboard's plain data with the names of its files in the folder, and which files it named that are not the visitor's."""
        others: list[str] = []

        def own(name: str) -> str | None:
            path = Path(name).resolve()
            if path.is_relative_to(self.folder) and is_file(path):
                return path.relative_to(self.folder).as_posix()
            others.append(Path(name).name)
            return None

        return _named(data, own), others

    def works(self) -> Iterator[tuple[Path, recipe.Recipe]]:
        """Finished films and pictures with their recipes, the newest first."""
        paths = [path for path in self.folder.iterdir() if path.suffix in (*formats.films(), *formats.stills()) and is_file(path)]
        for path in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True):
            try:
                yield path, recipe.read(path)
            except AnimateError:
                continue  # a plot of a score

    def make_room(self) -> None:
        """Remove the oldest works, beyond as many as are kept."""
        for path, _ in [*self.works()][self.limits.kept :]:
            path.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _named(data: Mapping[str, Any], renamed: Callable[[str], str | None]) -> dict[str, Any]:
    """The data with its names of files changed; where that gives None, the file is left out."""

    def part(values: Any, field: str) -> Any:
        if not isinstance(values, Mapping) or not isinstance(values.get(field), str):
            return values
        name = renamed(values[field])
        return {**{key: value for key, value in values.items() if key != field}, **({} if name is None else {field: name})}

    keys = data.get("keyframes")
    values = dict(part(data, "sound"))
    return {**values, "keyframes": [part(key, "image") for key in keys]} if isinstance(keys, list | tuple) else values


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:24]
