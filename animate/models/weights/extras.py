"""Additions to a loaded pipeline: LoRAs, another VAE, embeddings (textual inversion). Knows nothing of how a picture is denoised."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import pickle
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import AnimateError, one_line
from ...places import is_file, is_folder, path_of
from ...report import Report
from ..quiet import quiet
from . import files, fingerprint, hub, lora_names

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = 10.0  # of a LoRA's weight, either way
AUTOENCODERS = ("AutoencoderKL", "AutoencoderTiny")
MISFITS = (OSError, ValueError, LookupError, RuntimeError, AttributeError, TypeError, pickle.UnpicklingError)  # what libraries raise for bad files
UNNAMED = ("emb_params", "*")  # what web UIs have in the place of an embedding's word
ADAPTER = "lora"  # what peft is to call it while it is being fused
ADAPTED = ("lora_A", "lora_embedding_A", "lokr_w1", "lokr_w1_a")  # where peft keeps them
ON_HUB = re.compile(r"(\w[\w.-]*/\w[\w.-]*)(?:/(.+))?")  # owner/name, owner/name/file
# What diffusers calls the files that it writes.
LORA = ("pytorch_lora_weights.safetensors", "pytorch_lora_weights.bin")
EMBEDDING = ("learned_embeds.safetensors", "learned_embeds.bin")
VAE = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin", f"diffusion_pytorch_model.{files.HALF}.safetensors")
NONE_OF_THIS_PART = "No LoRA keys associated to"  # what diffusers warns of where a LoRA leaves one network alone


@dataclass(frozen=True)
class Extras:
    """loras: "file.safetensors" or "file.safetensors:0.8". vae: a file or a folder. embeddings: "file.pt" or "file.pt:<token>".

    Instead of a file: a hub id, "owner/name", or "owner/name/file.safetensors" of a repository that has several.
    An embedding's word, where none is given, is the one in its file, or else the file's own name in angle brackets.
    Raises AnimateError for a weight that is none, and for a LoRA where peft is not installed: both before a model is fetched.
    """

    loras: tuple[str, ...] = ()
    vae: str | None = None
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for lora in self.loras:
            _with_weight(lora)
        if self.loras and find_spec("peft") is None:
            raise AnimateError(f'LoRA {self.loras[0]} needs peft, which is not installed: pip install "animate[lora]"')

    def check(self) -> None:
        """Raises AnimateError for a source that is neither a file nor looks like an id of the hub."""
        for lora in self.loras:
            _id_on_hub(_with_weight(lora)[0], "LoRA")
        for embedding in self.embeddings:
            _id_on_hub(_split(embedding)[0], "embedding")
        if self.vae is not None and not is_folder(path_of(self.vae)):
            _id_on_hub(self.vae, "VAE")

    @property
    def descriptions(self) -> tuple[str, ...]:
        """Each with its kind, for a recipe: "lora file.safetensors:0.8"."""
        loras = [f"lora {lora}" for lora in self.loras]
        return (*loras, *([f"vae {self.vae}"] if self.vae else []), *(f"embedding {embedding}" for embedding in self.embeddings))


def apply(pipe: Any, extras: Extras, report: Report) -> str:
    """Changes the pipeline. Returns a digest of the tensors that were added and how; "" for none. Raises AnimateError.

    report: hears of downloads, and of the word of an embedding that was given none.
    """
    digests = [_replace_vae(pipe, extras.vae, report)] if extras.vae else []
    digests += [_add_embedding(pipe, *_split(embedding), report) for embedding in extras.embeddings]
    digests += [_fuse_lora(pipe, *_with_weight(lora), report) for lora in extras.loras]
    return fingerprint.joined(digests)


def _split(text: str) -> tuple[str, str | None]:
    """`name:rest` -> name and rest; the colon of a Windows drive does not count, nor one in a file's name."""
    name, colon, rest = text.rpartition(":")
    return (name, rest) if colon and rest[:1] not in ("/", "\\") and not is_file(path_of(text)) else (text, None)


def _with_weight(lora: str) -> tuple[str, float]:
    source, weight = _split(lora)
    if weight is None:
        return lora, 1.0
    try:
        number = float(weight)
    except ValueError:
        number = float("nan")
    if not abs(number) <= LARGEST:
        raise AnimateError(f'LoRA "{lora}": weight "{weight}"; allowed: -{LARGEST:g} to {LARGEST:g}, as in file.safetensors:0.8')
    return source, number


def _locate(source: str, what: str, usual: Sequence[str], report: Report) -> Path:
    """A file on this disk, or from the hub: there, where only a repository is given, one of the usual names. Raises AnimateError."""
    return path_of(source) if (id_on_hub := _id_on_hub(source, what)) is None else hub.single_file(*id_on_hub, usual, report)


def _id_on_hub(source: str, what: str) -> tuple[str, str | None] | None:
    """Repository and file on the hub; None for a file on this disk. Raises AnimateError for what is neither."""
    path, parts = path_of(source), ON_HUB.fullmatch(source)
    if is_file(path):
        return None
    if parts is None or bool(parts[2]) != (path.suffix in files.SINGLE):
        like = 'a hub id like "owner/name" or "owner/name/file.safetensors"'
        raise AnimateError(f"{what} {source}: no such file{' or folder' * (what == 'VAE')}; give a .safetensors file, or {like}")
    return parts[1], parts[2]


def _loader_arguments(path: Path) -> tuple[str, dict[str, Any]]:
    """The folder and keywords with which diffusers' loaders read this file only, and no broken one as a pickle. Raises AnimateError for code."""
    from . import tensors

    if path.suffix != ".safetensors":
        tensors.read(path)  # diffusers would not run code either, but not say what it is
    return str(path.parent), {"weight_name": path.name, "local_files_only": True, "use_safetensors": path.suffix == ".safetensors"}


def _fuse_lora(pipe: Any, source: str, weight: float, report: Report) -> str:
    """Adds a LoRA to the weights (Hu et al. 2021): a film is drawn as fast as without. One that fits only in part is refused. Returns a digest."""
    folder, arguments = _loader_arguments(_locate(source, "LoRA", LORA, report))
    remap = {"unet_config": pipe.unet.config} if hasattr(pipe, "unet") else {}
    with _fitting("LoRA", source), quiet() as warnings:
        state, *rest = pipe.lora_state_dict(folder, return_lora_metadata=True, **remap, **arguments)
        alphas, metadata = rest[0] if len(rest) == 2 else None, rest[-1]
        if metadata and not alphas:  # it holds the alphas, and diffusers reads it from a file only
            pipe.load_lora_weights(folder, adapter_name=ADAPTER, **arguments)
        else:
            pipe.load_lora_weights(lora_names.with_one_naming(lora_names.scaled(state, alphas or {})), adapter_name=ADAPTER)
        layers, adapted = lora_names.layers(state), _adapted_layers(pipe)
        if adapted != layers or not layers:
            raise ValueError(f"{layers - adapted} of the {layers} layers that it changes are not there" if layers else "it changes no layer")
        if unused := [line for line in warnings if not line.startswith(NONE_OF_THIS_PART)]:
            raise ValueError(unused[0])
        pipe.set_adapters(ADAPTER, weight)
        pipe.fuse_lora()
        pipe.unload_lora_weights()
    return f"lora {weight!r} {rest!r} {_digest(state)}"


def _adapted_layers(pipe: Any) -> int:
    """How many layers of all networks a LoRA has been attached to."""
    from torch import nn

    modules = [module for part in pipe.components.values() if isinstance(part, nn.Module) for module in part.modules()]
    return sum(ADAPTER in adapters for module in modules for name in ADAPTED if (adapters := getattr(module, name, None)) is not None)


def _replace_vae(pipe: Any, source: str, report: Report) -> str:
    """Returns a digest of the new VAE."""
    path, channels = path_of(source), pipe.vae.config.latent_channels
    if not is_folder(path) and not is_file(path):
        path = _locate(source, "VAE", VAE, report)
        if path.name in VAE and source.count("/") == 1:  # a repository in diffusers' format
            path = hub.single_file(source, "config.json", (), report).parent
    with _fitting("VAE", source):
        pipe.vae = _vae_in_folder(path, pipe.vae.dtype) if is_folder(path) else _vae_in_file(path, pipe.vae)
    config = pipe.vae.config
    if config.latent_channels != channels:
        raise AnimateError(f"VAE {source} has {config.latent_channels} channels, and the model {channels}; use one that was made for it")
    return f"vae {sorted((name, str(value)) for name, value in config.items() if name[0] != '_')} {_digest(pipe.vae.state_dict())}"


def _vae_in_file(path: Path, like: Any) -> Any:
    """The VAE in a file, in diffusers' layout or the original one. like: a VAE with its shapes."""
    from . import checkpoint, tensors
    from .original_layout import with_one_attention

    state = with_one_attention(tensors.read(path))
    if state.keys() != like.state_dict().keys():
        return checkpoint.load_vae(path, like, like.dtype)
    vae = copy.deepcopy(like)
    vae.load_state_dict(state)
    return vae


def _vae_in_folder(folder: Path, dtype: Any) -> Any:
    """The VAE in a folder of diffusers' format."""
    import diffusers

    from . import tensors

    chosen, half = files.choose_weights([file.name for file in folder.iterdir()], "float32")
    for pickled in (name for name in chosen if name.endswith(".bin")):
        tensors.refuse_code(folder / pickled)
    with quiet():
        if not is_file(folder / "config.json"):
            raise ValueError("no config.json in it")
        class_name = str(files.read_index(folder / "config.json").get("_class_name"))
        if class_name not in AUTOENCODERS:
            raise ValueError(f"it is a {class_name}; allowed: {', '.join(AUTOENCODERS)}")
        cls, variant = getattr(diffusers, class_name), files.HALF if half else None
        vae, loading = cls.from_pretrained(str(folder), dtype=dtype, variant=variant, local_files_only=True, output_loading_info=True)
    if missing := loading["missing_keys"]:
        raise ValueError(f"{len(missing)} of its weights are missing, such as {sorted(missing)[0]}")
    return vae.eval()


def _add_embedding(pipe: Any, source: str, token: str | None, report: Report) -> str:
    """Adds a word whose vectors a file holds (textual inversion, Gal et al. 2022). Returns a digest."""
    from diffusers.loaders.textual_inversion import load_textual_inversion_state_dicts

    folder, arguments = _loader_arguments(_locate(source, "embedding", EMBEDDING, report))
    readers = [(getattr(pipe, f"tokenizer{n}"), getattr(pipe, f"text_encoder{n}")) for n in ("", "_2") if hasattr(pipe, f"text_encoder{n}")]
    with _fitting("embedding", source), quiet():
        (state,) = load_textual_inversion_state_dicts([folder], **arguments)
        token_in_file, vectors = _vectors(state)
        word = token or token_in_file or _default_token(source)
        widths = [encoder.get_input_embeddings().weight.shape[1] for _, encoder in readers]
        if (sizes := [tensor.shape[-1] for tensor in vectors]) != widths:
            raise ValueError(f"its vectors have {', '.join(map(str, sizes))} numbers, and those of the model {', '.join(map(str, widths))}")
        for (tokenizer, encoder), tensor in zip(readers, vectors, strict=True):
            pipe.load_textual_inversion(tensor, token=word, tokenizer=tokenizer, text_encoder=encoder)
    if token is None:
        report.log(f"embedding {source}: its word is {word}")
    return f"embedding {word} {_digest({str(number): tensor for number, tensor in enumerate(vectors)})}"


def _default_token(source: str) -> str:
    """What a file or a repository is called, in angle brackets."""
    path = Path(source)
    name = path.stem if path.suffix in files.SINGLE else path.name
    return f"<{re.sub(r'[^a-z0-9]+', '-', name.lower())}>"


def _vectors(state: Mapping[str, Any]) -> tuple[str | None, list[Tensor]]:
    """An embedding's word, if its file names one, and its vectors (count, width) for every text encoder. Raises ValueError."""
    import torch

    if "string_to_param" in state:
        state = state["string_to_param"]
    tensors = [state[name] for name in ("clip_l", "clip_g") if name in state] or [*state.values()][: len(state) == 1]
    if not tensors or not all(isinstance(tensor, torch.Tensor) and tensor.ndim in (1, 2) for tensor in tensors):
        raise ValueError(f"it holds {', '.join(map(str, [*state][:3])) or 'nothing'}, which is no embedding")
    word = next(iter(state)) if len(state) == 1 else None
    return (None if word in UNNAMED else word), [tensor.detach().reshape(-1, tensor.shape[-1]) for tensor in tensors]


def _digest(tensors: Mapping[str, Tensor]) -> str:
    import torch

    def line(name: str, tensor: Tensor) -> str:
        data = tensor.detach().reshape(-1).contiguous().view(torch.uint8).numpy().data
        return f"{name} {tensor.dtype} {tuple(tensor.shape)} {hashlib.sha256(data).hexdigest()}"

    return fingerprint.joined(line(name, tensor) for name, tensor in sorted(tensors.items()))


@contextlib.contextmanager
def _fitting(what: str, source: str) -> Iterator[None]:
    """Turns what libraries raise for a file of another model into an AnimateError."""
    from safetensors import SafetensorError

    try:
        yield
    except AnimateError:
        raise
    except (*MISFITS, SafetensorError) as error:
        raise AnimateError(f"{what} {source} does not fit this model ({one_line(error, 200)}); use one that was made for it") from error
