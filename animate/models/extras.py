"""What people put on a model: LoRAs, another VAE, embeddings (textual inversion)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AnimateError
from . import fingerprint

LARGEST = 10.0  # of a LoRA's weight, either way


@dataclass(frozen=True)
class Extras:
    """loras: "file.safetensors", "file.safetensors:0.8" or a hub id. vae: a folder, file or hub id. embeddings: files, "file:<token>" or hub ids."""

    loras: tuple[str, ...] = ()
    vae: str | None = None
    embeddings: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """Each in words, for a recipe."""
        said = [f"lora {lora}" for lora in self.loras] + ([f"vae {self.vae}"] if self.vae else [])
        return (*said, *(f"embedding {embedding}" for embedding in self.embeddings))


def put_on(pipe: Any, extras: Extras) -> str:
    """Changes the pipeline. Returns a digest of what was put on; "" for nothing. Raises AnimateError."""
    if extras.vae:
        _replace_vae(pipe, extras.vae)
    for embedding in extras.embeddings:
        _teach(pipe, *_split(embedding))
    if extras.loras:
        _fuse(pipe, [_weighted(lora) for lora in extras.loras])
    names = [*extras.loras, *([extras.vae] if extras.vae else []), *extras.embeddings]
    return fingerprint.joined([*extras.told, *(fingerprint.of_files(path.parent, [path.name]) for name in names if (path := _file(name)))])


def _file(said: str) -> Path | None:
    """The file that is meant, without what follows a colon."""
    found = [path for text in (said, _split(said)[0]) if (path := Path(text).expanduser()).is_file()]
    return found[0] if found else None


def _split(said: str) -> tuple[str, str | None]:
    """`name:rest` -> name and rest; the colon of a Windows drive is none."""
    name, colon, rest = said.rpartition(":")
    return (name, rest) if colon and len(name) > 1 else (said, None)


def _weighted(said: str) -> tuple[str, float]:
    name, weight = _split(said)
    if weight is None or Path(said).expanduser().is_file():
        return said, 1.0
    try:
        number = float(weight)
    except ValueError:
        number = float("nan")
    if not abs(number) <= LARGEST:
        raise AnimateError(f'LoRA "{said}": weight "{weight}"; allowed: -{LARGEST:g} to {LARGEST:g}, as in file.safetensors:0.8')
    return name, number


def _place(said: str, what: str) -> dict[str, Any]:
    """How diffusers is told of a file or a hub id. Raises AnimateError for a file that is not there."""
    path = Path(said).expanduser()
    if path.is_file():
        return {"pretrained_model_name_or_path_or_dict": str(path.parent), "weight_name": path.name, "local_files_only": True}
    if path.suffix or said.count("/") != 1:
        raise AnimateError(f'{what} {said}: no such file; give a .safetensors file, or a hub id like "owner/name"')
    return {"pretrained_model_name_or_path_or_dict": said}


def _fuse(pipe: Any, loras: list[tuple[str, float]]) -> None:
    """Into the weights (Hu et al. 2021): a film is drawn as fast as without."""
    try:
        for number, (said, _) in enumerate(loras):
            pipe.load_lora_weights(**_place(said, "LoRA"), adapter_name=f"lora{number}")
        names = [f"lora{number}" for number in range(len(loras))]
        pipe.set_adapters(names, [weight for _, weight in loras])
        pipe.fuse_lora(adapter_names=names)
        pipe.unload_lora_weights()
    except (OSError, ValueError, KeyError, RuntimeError, AttributeError, TypeError) as error:
        raise AnimateError(
            f"LoRA {', '.join(said for said, _ in loras)} does not fit this model ({_first(error)}); use one that was made for it"
        ) from error


def _replace_vae(pipe: Any, said: str) -> None:
    import diffusers

    from . import checkpoint

    path, dtype = Path(said).expanduser(), pipe.vae.dtype
    try:
        if path.is_file():
            pipe.vae = checkpoint.load_vae(path, pipe.vae, dtype)
        elif path.suffix in (".safetensors", ".ckpt", ".pt") or (not path.is_dir() and said.count("/") != 1):
            raise AnimateError(f'VAE {said}: no such file or folder; give a .safetensors file, a folder, or a hub id like "owner/name"')
        else:
            kind = diffusers.AutoencoderKL.load_config(said).get("_class_name", "AutoencoderKL")
            pipe.vae = getattr(diffusers, kind).from_pretrained(said, dtype=dtype)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise AnimateError(f"VAE {said} cannot be loaded ({_first(error)}); use one that was made for this kind of model") from error
    if pipe.vae.config.latent_channels != pipe.unet.config.in_channels:
        raise AnimateError(
            f"VAE {said} has {pipe.vae.config.latent_channels} channels, and the model {pipe.unet.config.in_channels}; use another one"
        )


def _teach(pipe: Any, said: str, token: str | None) -> None:
    """A word whose vectors a file holds (textual inversion, Gal et al. 2022)."""
    path = Path(said).expanduser()
    word = token or (f"<{re.sub(r'[^a-z0-9]+', '-', path.stem.lower())}>" if path.is_file() else None)
    try:
        pipe.load_textual_inversion(**{name.replace("_or_dict", ""): value for name, value in _place(said, "embedding").items()}, token=word)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise AnimateError(f"embedding {said} does not fit this model ({_first(error)}); use one that was made for it") from error


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
