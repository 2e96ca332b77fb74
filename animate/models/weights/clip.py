"""CLIP's text encoders and tokenizer, built from the tensors of a single file. Knows nothing of UNets.

CLIP's vocabulary, 49,408 words, lies in `configs/`.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers.pre_tokenizers import ByteLevel
from torch import Tensor

MERGES = Path(__file__).parent / "configs" / "clip-merges.txt.gz"

# OpenCLIP's names -> those of transformers' CLIP.
RENAMED = {
    "transformer.resblocks.": "encoder.layers.",
    ".ln_1.": ".layer_norm1.",
    ".ln_2.": ".layer_norm2.",
    ".c_fc.": ".fc1.",
    ".c_proj.": ".fc2.",
    ".attn.": ".self_attn.",
    "ln_final.": "final_layer_norm.",
    "token_embedding.": "embeddings.token_embedding.",
    "positional_embedding": "embeddings.position_embedding.weight",
}


class MissingWeights(Exception):
    """A file lacks weights of a part. The message continues a sentence that begins with the file's path."""


def text_encoder(part: str, state: Mapping[str, Tensor], folder: Path, dtype: torch.dtype) -> Any:
    """A CLIPTextModel, or for `text_encoder_2`, whose pooled output XL takes, a CLIPTextModelWithProjection.

    part: where its settings lie in the folder. state: its tensors, named as OpenCLIP or as transformers does. Raises MissingWeights.
    """
    config = transformers.CLIPTextConfig.from_pretrained(folder, subfolder=part)
    model_class = transformers.CLIPTextModel if part == "text_encoder" else transformers.CLIPTextModelWithProjection
    with torch.device("meta"):
        encoder = model_class(config)
    renamed = _from_open_clip(state) if "positional_embedding" in state else state
    weights = {name.removeprefix("text_model."): tensor for name, tensor in renamed.items()}
    # Files have more than is drawn with: Stable Diffusion 2 leaves out OpenCLIP's last layer.
    names = {name: name.removeprefix("text_model.") for name in encoder.state_dict()}
    missing = [short for short in names.values() if short not in weights]
    if missing:
        raise MissingWeights(f"has no {missing[0]} in its {part} ({len(missing)} of {len(names)} are missing); get it again")
    encoder.load_state_dict({name: weights[short].to(dtype) for name, short in names.items()}, assign=True)
    embeddings = getattr(encoder, "text_model", encoder).embeddings
    embeddings.position_ids = torch.arange(config.max_position_embeddings)[None]  # no weight: it is in no file
    return encoder.eval()


def _from_open_clip(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OpenCLIP's text encoder by the names of transformers' CLIP.

    The three projections of an attention lie in one (3 * width, width); the last projection is to be multiplied from the right.
    """
    weights: dict[str, Tensor] = {}
    for name, tensor in state.items():
        for old, new in RENAMED.items():
            name = name.replace(old, new)
        if ".in_proj_" in name:
            weights |= {name.replace("in_proj_", f"{which}_proj."): part.clone() for which, part in zip("qkv", tensor.chunk(3), strict=True)}
        elif name == "text_projection":
            weights["text_projection.weight"] = tensor.T.contiguous()
        else:
            weights[name] = tensor
    return weights


def tokenizer(pad: str) -> Any:
    """CLIP's own tokenizer: 49,408 words, 77 to a prompt. pad: the word that fills a prompt up."""
    merges = [tuple(line.split(" ")) for line in gzip.decompress(MERGES.read_bytes()).decode().split("\n")]
    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(pair) for pair in merges), "<|startoftext|>", "<|endoftext|>"]
    numbered = {word: number for number, word in enumerate(words)}
    return transformers.CLIPTokenizer(vocab=numbered, merges=merges, model_max_length=77, pad_token=pad)
