"""The VAE: AutoencoderTiny, 64 channels wide, cheap to decode on a CPU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from torch import Tensor

from job import Job, Pace, descend, keep, log, rate
from pictures import draw_some, levels

PLACES = 4  # that the crops of one step come from
SIDE = 64  # pixels of a training crop: the model is convolutional, so crops give the same pixels and more variety


def new_vae() -> AutoencoderTiny:
    """No blocks at full resolution, where they cost most and show least."""
    wide = (64, 64, 64, 64)
    return AutoencoderTiny(
        encoder_block_out_channels=wide, decoder_block_out_channels=wide, num_encoder_blocks=(0, 1, 2, 3), num_decoder_blocks=(4, 3, 1, 0)
    )


def crops(images: Tensor, count: int, draws: torch.Generator, device: str) -> Tensor:
    """(count, 3, SIDE, SIDE) in -1..1, from PLACES places of their pictures; half of them mirrored."""
    parts = []
    for number in range(PLACES):
        some = torch.randint(len(images), (count // PLACES,), generator=draws).to(images.device)
        y, x = torch.randint(images.shape[1] - SIDE + 1, (2,), generator=draws).tolist()
        piece = levels(images[some, y : y + SIDE, x : x + SIDE], device)
        parts.append(piece.flip(-1) if number % 2 else piece)
    return torch.cat(parts).contiguous(memory_format=torch.channels_last)


def edges(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]


def picture_loss(made: Tensor, true: Tensor, size: int) -> Tensor:
    """L1 + L2 + gradients; what stands out from its surroundings weighs more, or small bright things stay grey."""
    around = 4 * max(1, size // 128)  # pixels
    detail = (true - F.avg_pool2d(true, 2 * around + 1, 1, around, count_include_pad=False)).abs().mean(1, keepdim=True)
    error = made - true
    rough = sum((a - b).abs().mean() for a, b in zip(edges(made), edges(true), strict=True))
    return ((1 + 4 * detail) * (error.abs() + 2 * error.square())).mean() + rough


def unit_penalty(latents: Tensor) -> Tensor:
    """Keeps every channel near mean 0, spread 1, so that the latents are what a diffusion model wants (scaling factor 1)."""
    return latents.mean((0, 2, 3)).square().mean() + (latents.std((0, 2, 3)) - 1).square().mean()


def loss_of(vae: AutoencoderTiny, true: Tensor, job: Job) -> Tensor:
    """Of pictures, and of half-size pictures from half-size latents.

    Latents that shrink as their pictures do are smooth, and much easier for the UNet to learn (EQ-VAE, Kouzelis et al. 2025).
    The noise on the latents keeps them from hiding detail where the UNet could never put it.
    """
    some = len(true) // 2
    with job.autocast():
        latents = vae.encode(true).latents
        noisy = latents + 0.1 * torch.randn_like(latents)
        made, small = vae.decode(noisy).sample, vae.decode(F.avg_pool2d(noisy[:some], 2)).sample
    whole = picture_loss(made.float(), true, job.size) + 0.05 * unit_penalty(latents.float())
    return whole + 0.5 * picture_loss(small.float(), F.avg_pool2d(true[:some], 2), job.size // 2)


def decoder_loss_of(vae: AutoencoderTiny, true: Tensor, job: Job) -> Tensor:
    """Of pictures from the latents as they are by now: what the decoder can still win when they no longer move."""
    with job.autocast():
        with torch.no_grad():
            latents = vae.encode(true).latents
        made = vae.decode(latents + 0.03 * torch.randn_like(latents)).sample
    return picture_loss(made.float(), true, job.size)


def train_vae(job: Job, images: Tensor) -> AutoencoderTiny:
    path, vae, start = job.kept / "vae.pt", new_vae(), 0
    if job.goes_on and not path.exists():
        log.info("the VAE is the one in %s", job.out)
        return AutoencoderTiny.from_pretrained(job.out / "vae").float().to(job.device)
    vae = vae.to(job.device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    if path.exists():
        state = torch.load(path, map_location=job.device)
        vae.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        start = state["step"]
    pace, fresh = Pace(), fresh_pictures(job)
    for step in range(start, job.vae_steps):
        true = crops(images, job.crops, torch.Generator().manual_seed(step), job.device)
        loss = (loss_of if step < 0.8 * job.vae_steps else decoder_loss_of)(vae, true, job)
        descend(optimizer, loss, rate(step, job.vae_steps, 1e-3))
        pace.step()
        if (step + 1) % 250 == 0 or step + 1 == job.vae_steps:
            log.info("vae %d loss %.4f, PSNR %.2f dB, %.3f s a step", step + 1, loss.item(), psnr(job, vae, fresh), pace.a_step)
        if pace.due() or step + 1 == job.vae_steps:
            keep(path, {"model": vae.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1})
    return vae


def fresh_pictures(job: Job, count: int = 64) -> Tensor:
    """That no step of the training shows, in -1..1."""
    return levels(torch.from_numpy(draw_some((10**6, count, job.size, job.names))[0]), job.device)


@torch.no_grad()
def psnr(job: Job, vae: AutoencoderTiny, true: Tensor) -> float:
    """Of whole pictures through the VAE and back, in dB."""
    with job.autocast():
        made = vae(true).sample.float().clamp(-1, 1)
    return float(10 * torch.log10(4 / (made - true).square().mean((1, 2, 3))).mean())
