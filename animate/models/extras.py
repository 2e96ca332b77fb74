"""What people put on a model: LoRAs, another VAE, embeddings (textual inversion)."""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AnimateError
from . import fingerprint
from .loading import SINGLE
from .quiet import quiet

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = 10.0  # of a LoRA's weight, either way
AUTOENCODERS = ("AutoencoderKL", "AutoencoderTiny")
UNFIT = (OSError, ValueError, KeyError, RuntimeError, AttributeError, TypeError, pickle.UnpicklingError)  # what others' code says of bad files
UNNAMED = ("emb_params", "*")  # what web UIs have in the place of an embedding's word
NONE_OF_THIS_PART = "No LoRA keys associated to"  # what diffusers warns of where a LoRA leaves one network alone


@dataclass(frozen=True)
class Extras:
    """loras: "file.safetensors", "file.safetensors:0.8" or a hub id. vae: a folder, file or hub id. embeddings: files, "file:<token>" or hub ids.

    An embedding's word, where none is given, is the one in its file, or else the file's own name in angle brackets.
    """

    loras: tuple[str, ...] = ()
    vae: str | None = None
    embeddings: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """Each in words, for a recipe."""
        said = [f"lora {lora}" for lora in self.loras] + ([f"vae {self.vae}"] if self.vae else [])
        return (*said, *(f"embedding {embedding}" for embedding in self.embeddings))


def put_on(pipe: Any, extras: Extras) -> str:
    """Changes the pipeline. Returns a digest of the tensors that were put on and how; "" for nothing. Raises AnimateError."""
    loras = [_weighted(lora) for lora in extras.loras]
    digests = [_replace_vae(pipe, extras.vae)] if extras.vae else []
    digests += [_teach(pipe, *_split(embedding)) for embedding in extras.embeddings]
    digests += [_load(pipe, f"lora{number}", said, weight) for number, (said, weight) in enumerate(loras)]
    if loras:
        _fuse(pipe, [weight for _, weight in loras])
    return fingerprint.joined(digests)


def _split(said: str) -> tuple[str, str | None]:
    """`name:rest` -> name and rest; the colon of a Windows drive is none, nor is one in a file's name."""
    name, colon, rest = said.rpartition(":")
    return (name, rest) if colon and len(name) > 1 and not Path(said).expanduser().is_file() else (said, None)


def _weighted(said: str) -> tuple[str, float]:
    name, weight = _split(said)
    if weight is None:
        return said, 1.0
    try:
        number = float(weight)
    except ValueError:
        number = float("nan")
    if not abs(number) <= LARGEST:
        raise AnimateError(f'LoRA "{said}": weight "{weight}"; allowed: -{LARGEST:g} to {LARGEST:g}, as in file.safetensors:0.8')
    return name, number


def _place(said: str, what: str) -> tuple[str, dict[str, Any]]:
    """How diffusers is told of a file or a hub id. Raises AnimateError for a file that is not there."""
    path = Path(said).expanduser()
    if path.is_file():
        # Told so, it does not try to read a broken file as a pickle.
        return str(path.parent), {"weight_name": path.name, "local_files_only": True, "use_safetensors": path.suffix == ".safetensors"}
    if path.suffix in SINGLE or said.count("/") != 1 or said.startswith((".", "~", "/")):
        raise AnimateError(f'{what} {said}: no such file; give a .safetensors file, or a hub id like "owner/name"')
    return said, {}


def _load(pipe: Any, adapter: str, said: str, weight: float) -> str:
    """Beside the weights, as an adapter. Whatever diffusers leaves out of it would be missing from every picture: that is refused."""
    where, how = _place(said, "LoRA")
    with _fits("LoRA", said), quiet() as warned:
        state, alphas, metadata = pipe.lora_state_dict(where, unet_config=pipe.unet.config, return_lora_metadata=True, **how)
        pipe.load_lora_weights(where, adapter_name=adapter, **how)
        left = [line for line in warned if not line.startswith(NONE_OF_THIS_PART)]
        if left:
            raise ValueError(left[0])
        if not any(adapter in adapters for adapters in pipe.get_list_adapters().values()):
            raise ValueError(f"none of its {len(state)} tensors belongs to a network of this model")
    return f"lora {weight!r} {sorted((alphas or {}).items())} {sorted((metadata or {}).items())} {_digest(state)}"


def _fuse(pipe: Any, weights: list[float]) -> None:
    """Into the weights (Hu et al. 2021): a film is drawn as fast as without."""
    names = [f"lora{number}" for number in range(len(weights))]
    with quiet():
        pipe.set_adapters(names, weights)
        pipe.fuse_lora(adapter_names=names)
        pipe.unload_lora_weights()


def _replace_vae(pipe: Any, said: str) -> str:
    from . import checkpoint

    path = Path(said).expanduser()
    with _fits("VAE", said):
        if path.is_file():
            pipe.vae = checkpoint.load_vae(path, pipe.vae, pipe.vae.dtype)
        elif path.suffix in SINGLE or (not path.is_dir() and said.count("/") != 1):
            raise AnimateError(f'VAE {said}: no such file or folder; give a .safetensors file, a folder, or a hub id like "owner/name"')
        else:
            pipe.vae = _vae_of(str(path), pipe.vae.dtype)
    if pipe.vae.config.latent_channels != pipe.unet.config.in_channels:
        raise AnimateError(
            f"VAE {said} has {pipe.vae.config.latent_channels} channels, and the model {pipe.unet.config.in_channels}; use another one"
        )
    return f"vae {sorted((name, str(value)) for name, value in pipe.vae.config.items() if name[0] != '_')} {_digest(pipe.vae.state_dict())}"


def _vae_of(where: str, dtype: Any) -> Any:
    """The VAE in a folder of diffusers' format or on the hub."""
    import diffusers

    kind = str(diffusers.AutoencoderKL.load_config(where).get("_class_name"))
    if kind not in AUTOENCODERS:
        raise ValueError(f"it is a {kind}; allowed: {', '.join(AUTOENCODERS)}")
    with quiet():
        vae, found = getattr(diffusers, kind).from_pretrained(where, dtype=dtype, output_loading_info=True)
    if found["missing_keys"]:
        raise ValueError(f"{len(found['missing_keys'])} of its weights are missing, such as {sorted(found['missing_keys'])[0]}")
    return vae.eval()


def _teach(pipe: Any, said: str, token: str | None) -> str:
    """A word whose vectors a file holds (textual inversion, Gal et al. 2022)."""
    from diffusers.loaders.textual_inversion import load_textual_inversion_state_dicts

    where, how = _place(said, "embedding")
    readers = [(getattr(pipe, f"tokenizer{n}"), getattr(pipe, f"text_encoder{n}")) for n in ("", "_2") if hasattr(pipe, f"text_encoder{n}")]
    with _fits("embedding", said), quiet():
        (state,) = load_textual_inversion_state_dicts([where], **how)
        named, vectors = _vectors(state)
        word = token or named or f"<{re.sub(r'[^a-z0-9]+', '-', Path(said).stem.lower())}>"
        widths = [encoder.get_input_embeddings().weight.shape[1] for _, encoder in readers]
        if [held.shape[-1] for held in vectors] != widths:
            raise ValueError(f"its vectors have {_sizes(vectors)} numbers, and those of the model {', '.join(map(str, widths))}")
        for (tokenizer, encoder), held in zip(readers, vectors, strict=True):
            pipe.load_textual_inversion(held, token=word, tokenizer=tokenizer, text_encoder=encoder)
    return f"embedding {word} {_digest({str(number): held for number, held in enumerate(vectors)})}"


def _vectors(state: Mapping[str, Any]) -> tuple[str | None, list[Tensor]]:
    """An embedding's word, if its file says one, and its vectors (count, width) for every text encoder. Raises ValueError."""
    import torch

    if "string_to_param" in state:
        state = state["string_to_param"]
    held = [state[name] for name in ("clip_l", "clip_g") if name in state] or [*state.values()][: len(state) == 1]
    if not held or not all(isinstance(tensor, torch.Tensor) and tensor.ndim in (1, 2) for tensor in held):
        raise ValueError(f"it holds {', '.join(map(str, [*state][:3])) or 'nothing'}, which is no embedding")
    named = next(iter(state)) if len(state) == 1 else None
    return (None if named in UNNAMED else named), [torch.atleast_2d(tensor.detach()) for tensor in held]


def _sizes(vectors: list[Tensor]) -> str:
    return ", ".join(str(held.shape[-1]) for held in vectors)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    import torch

    def line(name: str, tensor: Tensor) -> str:
        data = tensor.detach().reshape(-1).contiguous().view(torch.uint8).numpy()
        return f"{name} {tensor.dtype} {tuple(tensor.shape)} {hashlib.sha256(data).hexdigest()}"

    return fingerprint.joined(line(name, tensor) for name, tensor in sorted(tensors.items()))


@contextlib.contextmanager
def _fits(what: str, said: str) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except (*UNFIT, SafetensorError) as error:
        if isinstance(error, AnimateError):
            raise
        first = " ".join(str(error).split())[:200]
        raise AnimateError(f"{what} {said} does not fit this model ({first}); use one that was made for it") from error
