"""What people put on a model: LoRAs, another VAE, embeddings (textual inversion)."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import pickle
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import AnimateError
from ..quiet import quiet
from . import fingerprint, hub

if TYPE_CHECKING:
    from torch import Tensor

Say = Callable[[str], object]

LARGEST = 10.0  # of a LoRA's weight, either way
AUTOENCODERS = ("AutoencoderKL", "AutoencoderTiny")
UNFIT = (OSError, ValueError, KeyError, RuntimeError, AttributeError, TypeError, pickle.UnpicklingError)  # what others' code says of bad files
UNNAMED = ("emb_params", "*")  # what web UIs have in the place of an embedding's word
DOWN = re.compile(r"(?:lora_A|[._]lora\.down|lora_linear_layer\.down)\.(?:.*\.)?weight$|\.lokr_w1(?:_a)?$")  # one for every layer that a LoRA changes
ADAPTER = "lora"  # what peft is to call it while it is being fused
ADAPTED = ("lora_A", "lora_embedding_A", "lokr_w1", "lokr_w1_a")  # where peft keeps them
ON_HUB = re.compile(r"(\w[\w.-]*/\w[\w.-]*)(?:/(.+))?")  # owner/name, owner/name/file
# What diffusers calls the files that it writes.
LORA = ("pytorch_lora_weights.safetensors", "pytorch_lora_weights.bin")
EMBEDDING = ("learned_embeds.safetensors", "learned_embeds.bin")
VAE = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin", f"diffusion_pytorch_model.{hub.HALF}.safetensors")
NONE_OF_THIS_PART = "No LoRA keys associated to"  # what diffusers warns of where a LoRA leaves one network alone


@dataclass(frozen=True)
class Extras:
    """loras: "file.safetensors" or "file.safetensors:0.8". vae: a file or a folder. embeddings: "file.pt" or "file.pt:<token>".

    Instead of a file: a hub id, "owner/name", or "owner/name/file.safetensors" of a repository that has several.
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


def put_on(pipe: Any, extras: Extras, say: Say) -> str:
    """Changes the pipeline. Returns a digest of the tensors that were put on and how; "" for nothing. Raises AnimateError.

    say: is told of downloads, and of the word of an embedding that was given none.
    """
    loras = [_weighted(lora) for lora in extras.loras]  # before anything is read
    digests = [_replace_vae(pipe, extras.vae, say)] if extras.vae else []
    digests += [_teach(pipe, *_split(embedding), say) for embedding in extras.embeddings]
    digests += [_fuse(pipe, said, weight, say) for said, weight in loras]
    return fingerprint.joined(digests)


def _split(said: str) -> tuple[str, str | None]:
    """`name:rest` -> name and rest; the colon of a Windows drive is none, nor is one in a file's name."""
    name, colon, rest = said.rpartition(":")
    return (name, rest) if colon and rest[:1] not in ("/", "\\") and not Path(said).expanduser().is_file() else (said, None)


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


def _file(said: str, what: str, usual: Sequence[str], say: Say) -> Path:
    """A file of this disk, or of the hub: there, where only a repository is said, one of the usual names. Raises AnimateError."""
    path, named = Path(said).expanduser(), ON_HUB.fullmatch(said)
    if path.is_file():
        return path
    if named is None or bool(named[2]) != (path.suffix in hub.SINGLE):
        like = 'a hub id like "owner/name" or "owner/name/file.safetensors"'
        raise AnimateError(f"{what} {said}: no such file{' or folder' * (what == 'VAE')}; give a .safetensors file, or {like}")
    return hub.single(named[1], named[2], usual, say)


def _told(path: Path) -> tuple[str, dict[str, Any]]:
    """How diffusers is told of a file: so that it asks nobody, and does not try to read a broken one as a pickle. Raises AnimateError for code."""
    from . import checkpoint

    if path.suffix != ".safetensors":
        checkpoint.read(path)  # diffusers would not run code either, but not say what it is
    return str(path.parent), {"weight_name": path.name, "local_files_only": True, "use_safetensors": path.suffix == ".safetensors"}


def _fuse(pipe: Any, said: str, weight: float, say: Say) -> str:
    """Into the weights (Hu et al. 2021): a film is drawn as fast as without. One that would be put on only in part is refused."""
    where, how = _told(_file(said, "LoRA", LORA, say))
    remap = {"unet_config": pipe.unet.config} if hasattr(pipe, "unet") else {}
    with _fits("LoRA", said), quiet() as warned:
        state, *rest = pipe.lora_state_dict(where, return_lora_metadata=True, **remap, **how)
        alphas = rest[0] if len(rest) == 2 else None
        scaled = (_scaled(state, alphas), {}) if alphas else (where, how)
        pipe.load_lora_weights(scaled[0], adapter_name=ADAPTER, **scaled[1])
        layers, put = sum(bool(DOWN.search(name)) for name in state), _adapted(pipe)
        if put != layers or not layers:
            raise ValueError(f"{layers - put} of the {layers} layers that it changes are not there" if layers else "it changes no layer")
        if lost := [line for line in warned if not line.startswith(NONE_OF_THIS_PART)]:
            raise ValueError(lost[0])
        pipe.set_adapters(ADAPTER, weight)
        pipe.fuse_lora()
        pipe.unload_lora_weights()
    return f"lora {weight!r} {rest!r} {_digest(state)}"


def _scaled(state: Mapping[str, Tensor], alphas: Mapping[str, float]) -> dict[str, Tensor]:
    """A LoRA with its alphas in its weights. diffusers does not find those of a text encoder, where they are not all the same."""
    made = dict(state)
    for name, alpha in alphas.items():
        stem = name.removesuffix(".alpha")
        down = stem if stem in state else f"{stem}.lora.down.weight"
        up = down.replace(".down.", ".up.")
        made[up] = state[up].float() * (alpha / len(state[down]))
    return made


def _adapted(pipe: Any) -> int:
    """How many layers of all networks a LoRA has been put on."""
    from torch import nn

    modules = [module for part in pipe.components.values() if isinstance(part, nn.Module) for module in part.modules()]
    return sum(ADAPTER in held for module in modules for name in ADAPTED if (held := getattr(module, name, None)) is not None)


def _replace_vae(pipe: Any, said: str, say: Say) -> str:
    path, needs = Path(said).expanduser(), pipe.vae.config.latent_channels
    if not path.exists():
        path = _file(said, "VAE", VAE, say)
        if path.name in VAE and said.count("/") == 1:  # a repository in diffusers' format
            path = hub.single(said, "config.json", (), say).parent
    with _fits("VAE", said):
        pipe.vae = _vae_of(path, pipe.vae.dtype) if path.is_dir() else _vae_in(path, pipe.vae)
    if (has := pipe.vae.config.latent_channels) != needs:
        raise AnimateError(f"VAE {said} has {has} channels, and the model {needs}; use one that was made for it")
    return f"vae {sorted((name, str(value)) for name, value in pipe.vae.config.items() if name[0] != '_')} {_digest(pipe.vae.state_dict())}"


def _vae_in(path: Path, like: Any) -> Any:
    """The VAE in a file, in diffusers' layout or the original one. like: a VAE with its shapes."""
    from . import checkpoint

    state = checkpoint.read(path)
    if state.keys() != like.state_dict().keys():
        return checkpoint.load_vae(path, like, like.dtype)
    vae = copy.deepcopy(like)
    vae.load_state_dict(state)
    return vae


def _vae_of(folder: Path, dtype: Any) -> Any:
    """The VAE in a folder of diffusers' format."""
    import diffusers

    half = hub.weights([file.name for file in folder.iterdir()], "float32")[1]
    with quiet():
        kind = str(diffusers.AutoencoderKL.load_config(str(folder)).get("_class_name"))
        if kind not in AUTOENCODERS:
            raise ValueError(f"it is a {kind}; allowed: {', '.join(AUTOENCODERS)}")
        cls, variant = getattr(diffusers, kind), hub.HALF if half else None
        vae, found = cls.from_pretrained(str(folder), dtype=dtype, variant=variant, local_files_only=True, output_loading_info=True)
    if found["missing_keys"]:
        raise ValueError(f"{len(found['missing_keys'])} of its weights are missing, such as {sorted(found['missing_keys'])[0]}")
    return vae.eval()


def _teach(pipe: Any, said: str, token: str | None, say: Say) -> str:
    """A word whose vectors a file holds (textual inversion, Gal et al. 2022)."""
    from diffusers.loaders.textual_inversion import load_textual_inversion_state_dicts

    where, how = _told(_file(said, "embedding", EMBEDDING, say))
    readers = [(getattr(pipe, f"tokenizer{n}"), getattr(pipe, f"text_encoder{n}")) for n in ("", "_2") if hasattr(pipe, f"text_encoder{n}")]
    with _fits("embedding", said), quiet():
        (state,) = load_textual_inversion_state_dicts([where], **how)
        named, vectors = _vectors(state)
        word = token or named or _word(said)
        widths = [encoder.get_input_embeddings().weight.shape[1] for _, encoder in readers]
        if [held.shape[-1] for held in vectors] != widths:
            raise ValueError(f"its vectors have {_sizes(vectors)} numbers, and those of the model {', '.join(map(str, widths))}")
        for (tokenizer, encoder), held in zip(readers, vectors, strict=True):
            pipe.load_textual_inversion(held, token=word, tokenizer=tokenizer, text_encoder=encoder)
    if token is None:
        say(f"embedding {said}: its word is {word}")
    return f"embedding {word} {_digest({str(number): held for number, held in enumerate(vectors)})}"


def _word(said: str) -> str:
    """What a file or a repository is called, in angle brackets."""
    path = Path(said)
    name = path.stem if path.suffix in hub.SINGLE else path.name
    return f"<{re.sub(r'[^a-z0-9]+', '-', name.lower())}>"


def _vectors(state: Mapping[str, Any]) -> tuple[str | None, list[Tensor]]:
    """An embedding's word, if its file says one, and its vectors (count, width) for every text encoder. Raises ValueError."""
    import torch

    if "string_to_param" in state:
        state = state["string_to_param"]
    held = [state[name] for name in ("clip_l", "clip_g") if name in state] or [*state.values()][: len(state) == 1]
    if not held or not all(isinstance(tensor, torch.Tensor) and tensor.ndim in (1, 2) for tensor in held):
        raise ValueError(f"it holds {', '.join(map(str, [*state][:3])) or 'nothing'}, which is no embedding")
    named = next(iter(state)) if len(state) == 1 else None
    return (None if named in UNNAMED else named), [tensor.detach().reshape(-1, tensor.shape[-1]) for tensor in held]


def _sizes(vectors: list[Tensor]) -> str:
    return ", ".join(str(held.shape[-1]) for held in vectors)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    import torch

    def line(name: str, tensor: Tensor) -> str:
        data = tensor.detach().reshape(-1).contiguous().view(torch.uint8).numpy().data
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
