"""How a model is loaded, as a value, so that other processes can load it, too. Loads nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..places import absolute, is_file, is_folder, path_of
from .weights.catalog import CATALOG


@dataclass(frozen=True)
class Source:
    """What `load_model` was given, with nothing left open but the device, which each machine may pick for itself."""

    name: str
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int | None = None
    loras: tuple[str, ...] = ()
    vae: str | None = None
    embeddings: tuple[str, ...] = ()
    safety: bool = True
    compiled: bool = False

    def anywhere(self) -> Source:
        """The same for a process that runs in another folder: names of files and folders begin at the root."""
        return self.moved({path: str(absolute(path_of(path))) for path in self.paths()})

    def paths(self) -> list[str]:
        """The files and folders of this machine that it is loaded from, each once, as they are named here."""
        found = [_place(name)[0] for name in self._names() if name not in CATALOG]
        return [path for path in dict.fromkeys(found) if path]

    def moved(self, places: Mapping[str, str]) -> Source:
        """The same with files and folders at other places: where each path of `paths` lies now. They need not be on this machine."""
        given = {name: _moved(name, places) for name in self._names()}
        vae = None if self.vae is None else given[self.vae]
        listed = {field: tuple(given[name] for name in getattr(self, field)) for field in ("loras", "embeddings")}
        return replace(self, name=given[self.name], vae=vae, loras=listed["loras"], embeddings=listed["embeddings"])

    def _names(self) -> list[str]:
        return [self.name, *self.loras, *([self.vae] if self.vae else []), *self.embeddings]


def _moved(name: str, places: Mapping[str, str]) -> str:
    """A path, and what may follow it behind a colon."""
    path = next((path for path in places if name == path or name.startswith(f"{path}:")), None)
    return name if path is None else places[path] + name.removeprefix(path)


def _place(name: str) -> tuple[str, str]:
    """A file or folder that is here, and what follows it, with a colon (a weight, a word); nothing of any other name."""
    before, colon, after = name.rpartition(":")
    for path, rest in ((name, ""), (before, colon + after)):
        if path and (is_file(path_of(path)) or is_folder(path_of(path))):
            return path, rest
    return "", ""
