"""The VAE: AutoencoderTiny, 64 channels wide, f = 8, cheap to decode on a CPU."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

import quick
from job import Job, Pace, descend, follow, keep, leave_room, log, rate
from pictures import draw_some, levels

CHECKPOINTS = Path(__file__).parent / "checkpoints"  # weights of an unfinished training, committed: it goes on from them on another machine
PLACES = 4  # that the crops of one step come from
SIDE = 128  # pixels of a training crop: the model is convolutional, so crops give the same pixels and more variety


def new_vae() -> AutoencoderTiny:
    """No blocks at full resolution, where they cost most and show least.

    16 channels at f = 16 would hold as much, and a UNet draw them for less; trained for 9,000 steps, that VAE gave soft pictures of 256 px
    (28.2 dB), and this one, untrained at that size, crisp ones (31.6 dB).
    """
    wide = (64,) * 4
    return AutoencoderTiny(
        encoder_block_out_channels=wide, decoder_block_out_channels=wide, num_encoder_blocks=(0, 1, 2, 3), num_decoder_blocks=(4, 3, 1, 0)
    )


def side_of_latents(vae: AutoencoderTiny, size: int) -> int:
    """Of a picture of `size` pixels."""
    return int(size // 2 ** (len(vae.config.encoder_block_out_channels) - 1))


def crops(images: Tensor, count: int, draws: torch.Generator, device: str) -> Tensor:
    """(count, 3, SIDE, SIDE) in -1..1, from PLACES places of their pictures; half of them mirrored."""
    parts, side = [], min(SIDE, images.shape[1])
    for number in range(PLACES):
        some = torch.randint(len(images), (count // PLACES,), generator=draws).to(images.device)
        y, x = torch.randint(images.shape[1] - side + 1, (2,), generator=draws).tolist()
        piece = levels(images[some, y : y + side, x : x + side], device)
        parts.append(piece.flip(-1) if number % 2 else piece)
    return torch.cat(parts).contiguous(memory_format=torch.channels_last)


def edges(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]


def edge_loss(error: Tensor) -> Tensor:
    """At full and at half size: an edge that is soft by a pixel is wrong in both, one that is off by a pixel mostly in the first."""
    return torch.stack([part.abs().mean() for scale in (error, F.avg_pool2d(error, 2)) for part in edges(scale)]).sum()


def surroundings(x: Tensor, reach: int) -> Tensor:
    """The mean of what is near; columns, then rows: a square at once takes a tenth of a training step on a CPU."""
    columns = F.avg_pool2d(x, (2 * reach + 1, 1), 1, (reach, 0), count_include_pad=False)
    return F.avg_pool2d(columns, (1, 2 * reach + 1), 1, (0, reach), count_include_pad=False)


def picture_loss(made: Tensor, true: Tensor, size: int) -> Tensor:
    """L1 + L2 + edges; what stands out from its surroundings weighs more, or small bright things stay grey."""
    detail = (true - surroundings(true, 4 * max(1, size // 128))).abs().mean(1, keepdim=True)
    error = made - true
    return ((1 + 4 * detail) * (error.abs() + 2 * error.square())).mean() + edge_loss(error)


def unit_penalty(latents: Tensor) -> Tensor:
    """Keeps every channel near mean 0, spread 1, so that the latents are what a diffusion model wants (scaling factor 1)."""
    return latents.mean((0, 2, 3)).square().mean() + (latents.std((0, 2, 3)) - 1).square().mean()


def loss_of(vae: AutoencoderTiny, true: Tensor, job: Job) -> Tensor:
    """Of pictures, and of half-size pictures from half-size latents.

    Latents that shrink as their pictures do are smooth, and much easier for the UNet to learn (EQ-VAE, Kouzelis et al. 2025).
    A quarter of the weight: of a picture of 128 px so few latents hold little, and half of it made that what was mostly learned.
    The noise on the latents keeps them from hiding detail where the UNet could never put it.
    """
    some = max(1, len(true) // 4)
    with job.autocast():
        latents = quick.encode(vae, true)
        noisy = latents + 0.1 * torch.randn_like(latents)
        made, small = quick.decode(vae, noisy), quick.decode(vae, F.avg_pool2d(noisy[:some], 2))
    whole = picture_loss(made.float(), true, job.size) + 0.05 * unit_penalty(latents.float())
    return whole + 0.25 * picture_loss(small.float(), F.avg_pool2d(true[:some], 2), job.size // 2)


def decoder_loss_of(vae: AutoencoderTiny, true: Tensor, job: Job) -> Tensor:
    """Of pictures from the latents as they are by now: what the decoder can still win when they no longer move."""
    with job.autocast():
        with torch.no_grad():
            latents = quick.encode(vae, true)
        made = quick.decode(vae, latents + 0.03 * torch.randn_like(latents))
    return picture_loss(made.float(), true, job.size)


@dataclass
class Training:
    """What a checkpoint holds."""

    vae: AutoencoderTiny
    average: AutoencoderTiny
    optimizer: torch.optim.Optimizer
    step: int = 0
    began: int = 0  # at this step, with an optimizer that knew nothing

    def keep(self, job: Job) -> None:
        """All of it; and beside, in fp16, what may be committed for another machine to go on from."""
        parts = {name: getattr(self, name).state_dict() for name in ("vae", "average", "optimizer")}
        keep(job.kept / "vae.pt", {**parts, "step": self.step, "began": self.began})
        weights = {name: value.half().contiguous() for name, value in self.average.state_dict().items()}
        save_file(weights, job.kept / f"vae-{job.size}.safetensors", {"step": str(self.step), "of": str(job.vae_steps)})


def begun(job: Job) -> Training:
    """From the checkpoint, from committed weights, from those of another model, or new."""
    path, committed, vae, step = job.kept / "vae.pt", CHECKPOINTS / f"vae-{job.size}.safetensors", new_vae(), 0
    if job.start:
        vae.load_state_dict(AutoencoderTiny.from_pretrained(job.start / "vae").state_dict())
    if committed.exists() and not path.exists():
        vae.load_state_dict(load_file(committed))
        with safe_open(committed, "pt") as file:
            step = int(file.metadata()["step"])
        log.info("the VAE goes on from step %d, in %s", step, committed)
    vae = vae.to(job.device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(vae.parameters(), job.vae_rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    made = Training(vae, copy.deepcopy(vae).requires_grad_(False), optimizer, step, step)
    if path.exists():
        state = torch.load(path, map_location=job.device)
        for name in ("vae", "average", "optimizer"):
            getattr(made, name).load_state_dict(state[name])
        made.step, made.began = state["step"], state["began"]
        log.info("the VAE goes on from step %d", made.step)
    return made


def train_vae(job: Job, images: Tensor) -> AutoencoderTiny:
    if job.goes_on and not (job.kept / "vae.pt").exists():
        log.info("the VAE is the one in %s", job.out)
        return AutoencoderTiny.from_pretrained(job.out / "vae").float().to(job.device)
    made, pace, fresh, cores = begun(job), Pace(), fresh_pictures(job), torch.get_num_threads()
    while made.step < job.vae_steps:
        if made.step % 10 == 0:
            leave_room(cores)
        true = crops(images, job.crops, torch.Generator().manual_seed(made.step), job.device)
        loss = (loss_of if made.step < 0.8 * job.vae_steps else decoder_loss_of)(made.vae, true, job)
        warm = min(1.0, (made.step - made.began + 1) / 200)  # an optimizer without a memory takes too long steps
        descend(made.optimizer, loss, warm * rate(made.step, job.vae_steps, job.vae_rate))
        follow(made.average, made.vae, made.step - made.began)
        made.step += 1
        pace.step()
        if made.step % 500 == 0 or made.step == job.vae_steps:
            log.info("vae %d loss %.4f, PSNR %.2f dB, %.3f s a step", made.step, loss.item(), psnr(job, made.average, fresh), pace.a_step)
        if pace.due() or made.step == job.vae_steps:
            made.keep(job)
    return made.average


def fresh_pictures(job: Job, count: int = 32) -> Tensor:
    """That no step of the training shows, in -1..1."""
    return levels(torch.from_numpy(draw_some((10**6, count, job.size, job.names))[0]), job.device)


@torch.no_grad()
def psnr(job: Job, vae: AutoencoderTiny, true: Tensor) -> float:
    """Of whole pictures through the VAE and back, in dB."""
    made = []
    for some in torch.split(true, 8):
        with job.autocast():
            made.append(vae(some).sample.float().clamp(-1, 1))
    return float(10 * torch.log10(4 / (torch.cat(made) - true).square().mean((1, 2, 3))).mean())
