"""The same VAE in two thirds of the arithmetic, for its training.

Where AutoencoderTiny has no blocks, its convolutions follow each other with nothing between: the first two of the encoder and, after
the last enlarging, the last two of the decoder are one linear step each. They are taken as one here, which leaves nothing 64 channels
wide at full resolution. Only beyond the border do the two differ: there, the second sees zeros, and not what the first would make.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from torch import Tensor, nn

# Which of three neighbours before the enlarging each of five after it repeats, for the even and the odd pixel.
REPEATED = torch.tensor([[[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]], [[1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]]]).float()


def in_one(first: nn.Conv2d, second: nn.Conv2d) -> Tensor:
    """The weight of both, 5 x 5."""
    return F.conv2d(first.weight.transpose(0, 1), second.weight.flip(2, 3), padding=2).transpose(0, 1)


def encode(vae: AutoencoderTiny, images: Tensor) -> Tensor:
    first, second, *rest = vae.encoder.layers
    x = images.add(1).div(2)
    made = F.conv2d(x, in_one(first, second), second.weight.sum((2, 3)) @ first.bias, stride=2, padding=2)
    above = F.conv2d(F.pad(x[..., :1, :], (2, 1)), first.weight[..., 2:, :], first.bias)
    left = F.conv2d(F.pad(x[..., :1], (0, 0, 1, 1)), first.weight[..., 2:], first.bias)
    top = F.conv2d(above, second.weight[..., :1, :], stride=2)
    side = F.conv2d(F.pad(left, (0, 0, 1, 0)), second.weight[..., :1], stride=2)
    made = made - F.pad(top, (0, 0, 0, made.shape[2] - 1)) - F.pad(side, (0, made.shape[3] - 1))
    return run(rest, made)


def decode(vae: AutoencoderTiny, latents: Tensor) -> Tensor:
    *rest, _, first, second = vae.decoder.layers
    x = run(rest, torch.tanh(latents / 3) * 3)
    places = REPEATED.to(x.device)
    weight = torch.einsum("aru,bsv,ocuv->oabcrs", places, places, in_one(first, second)).flatten(0, 2)
    made = F.pixel_shuffle(F.conv2d(x, weight.contiguous(memory_format=torch.channels_last), padding=1), 2) + second.bias[:, None, None]
    lower, right = made.shape[2] - 1, made.shape[3] - 1
    for end, near, far in ((0, slice(2, 3), slice(0, 1)), (-1, slice(0, 1), slice(2, 3))):  # above and to the left, below and to the right
        row, column = x[..., end, :].repeat_interleave(2, -1).unsqueeze(-2), x[..., end].repeat_interleave(2, -1).unsqueeze(-1)
        across = F.conv2d(F.conv2d(F.pad(row, (2, 2)), first.weight[..., near, :]), second.weight[..., far, :])
        along = F.conv2d(F.conv2d(column, first.weight[..., near], padding=(1, 0)), second.weight[..., far], padding=(1, 0))
        made = made - F.pad(across, (0, 0, 0, lower) if end == 0 else (0, 0, lower, 0))
        made = made - F.pad(along, (0, right) if end == 0 else (right, 0))
    scaled: Tensor = made.mul(2).sub(1)
    return scaled


def run(layers: list[nn.Module], x: Tensor) -> Tensor:
    for layer in layers:
        x = layer(x)
    return x
