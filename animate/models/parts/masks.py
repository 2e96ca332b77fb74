"""Embeddings of prompts of unequal lengths, padded, with masks that say which tokens are read. Pure functions over named tensors.

A mask is named after its tensor ("prompt_embeds" and "prompt_attention_mask", or "prompt_embeds_mask"): (tokens,), 1 for what is read.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ...blend import lerp


def is_mask(name: str) -> bool:
    """Whether a tensor of this name says which tokens count, as `prompt_attention_mask` does."""
    return "mask" in name


def masked_tensor(mask: str) -> str:
    """The name of the tensor that a mask belongs to."""
    return re.sub("_attention_mask|_embeds_mask", "_embeds", mask)


def blend(a: dict[str, Tensor], b: dict[str, Tensor], mix: float) -> dict[str, Tensor]:
    """Two prompts' tensors on a line, reading what either reads.

    There the shorter one repeats its own tokens: padding was never meant to be read.
    """
    start, end = _lengthened(a, b), _lengthened(b, a)
    return {name: torch.maximum(t, end[name]) if is_mask(name) else lerp(t, end[name], mix) for name, t in start.items()}


def _lengthened(own: dict[str, Tensor], other: dict[str, Tensor]) -> dict[str, Tensor]:
    """One prompt's tensors, its tokens repeated where only the other's mask reads."""
    longer = dict(own)
    for name in filter(is_mask, own):
        read, tokens = own[name].bool(), own[masked_tensor(name)]
        only_other = other[name].bool() & ~read
        repeated = torch.arange(int(only_other.sum())) % int(read.sum())
        longer[masked_tensor(name)] = tokens.index_put((only_other,), tokens[read][repeated])
    return longer
