"""The UNet, trained on latents and on the embeddings of captions; half-way pictures on half-way embeddings."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny, DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from job import Job, Pace, descend, follow, keep, log, rate
from pictures import Label
from pipeline import betas, preview
from text import Contexts
from vae import side_of_latents


def new_unet(vae: AutoencoderTiny, size: int) -> UNet2DConditionModel:
    """Attention where it is cheap (half resolution and below); at full resolution convolutions do.

    The words also reach every ResNet with the time embedding (as in Imagen, Saharia et al. 2022).
    """
    side, channels = side_of_latents(vae, size), vae.config.latent_channels
    widths = (96, 160, 224) if side <= 16 else (32, 96, 160, 224)  # what 48 MB hold; a CPU takes as long for both
    whole, both = len(widths) - 2, 2  # levels without attention, and with it
    return UNet2DConditionModel(
        sample_size=side, in_channels=channels, out_channels=channels, block_out_channels=widths, layers_per_block=1, cross_attention_dim=192,
        down_block_types=("DownBlock2D",) * whole + ("CrossAttnDownBlock2D",) * both,
        up_block_types=("CrossAttnUpBlock2D",) * both + ("UpBlock2D",) * whole, attention_head_dim=(2,) * (whole + 1) + (4,),
        addition_embed_type="text", addition_embed_type_num_heads=6, time_embedding_dim=384,
    )  # fmt: skip


def take_over(unet: UNet2DConditionModel, other: UNet2DConditionModel) -> int:
    """Weights of a UNet for smaller latents, whose first level is a lower one here; what has another shape stays new. How many were taken."""
    deeper = len(unet.config.block_out_channels) - len(other.config.block_out_channels)
    theirs, ours = other.state_dict(), unet.state_dict()
    moved = {re.sub(r"(?<=^down_blocks\.)\d+", lambda level: str(int(level[0]) + deeper), name): value for name, value in theirs.items()}
    fitting = {name: value for name, value in moved.items() if name in ours and ours[name].shape == value.shape}
    unet.load_state_dict(fitting, strict=False)
    return len(fitting)


def noise_levels(count: int, done: float, side: int, draws: torch.Generator) -> Tensor:
    """Timesteps: a quarter anywhere, the others around a level that falls as training goes on (logit-normal, Esser et al. 2024).

    What is on a picture is decided where there is most noise, and words matter nowhere else; edges come last, and quickly.
    Larger latents are decided at more noise, since their values tell more together.
    """
    device = draws.device
    anywhere = torch.rand(count, generator=draws, device=device)
    middle = 1.5 * (1 - done) + (0.0 if side <= 16 else 0.6)
    around = torch.sigmoid(middle + torch.randn(count, generator=draws, device=device))
    return (1000 * torch.where(torch.arange(count, device=device) % 4 == 0, anywhere, around)).long().clamp(max=999)


class Examples:
    """Latents and their captions, drawn at random by step number: a run that goes on sees what one without a stop would.

    Everything is on the device, random numbers too: a GPU that waits for them stands still for a third of the time.
    """

    def __init__(self, job: Job, contexts: Contexts, latents: Tensor, labels: list[Label]):
        self.job, self.contexts, self.latents = job, contexts, latents.to(job.device)
        self.first, self.second = (contexts.rows(said).to(job.device) for said in ([a for a, _, _ in labels], [b for _, b, _ in labels]))
        self.mix = torch.tensor([mix for _, _, mix in labels], device=job.device)

    def at(self, step: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Clean latents, unit noise, timesteps and contexts of one step; a tenth of the contexts is the empty prompt's."""
        job, draws = self.job, torch.Generator(self.job.device).manual_seed(step)
        pick = torch.randint(len(self.latents), (job.batch,), generator=draws, device=job.device)
        said = torch.rand(job.batch, generator=draws, device=job.device) >= 0.1
        clean = self.latents[pick].float().to(memory_format=torch.channels_last)
        noise = torch.randn(clean.shape, generator=draws, device=job.device).to(memory_format=torch.channels_last)
        timesteps = noise_levels(job.batch, step / job.unet_steps, clean.shape[-1], draws)
        a, b = (self.contexts.table[rows[pick] * said].float() for rows in (self.first, self.second))
        return clean, noise, timesteps, torch.lerp(a, b, self.mix[pick][:, None, None])


@dataclass
class Training:
    """What a checkpoint holds."""

    unet: UNet2DConditionModel
    average: UNet2DConditionModel
    optimizer: torch.optim.Optimizer
    step: int = 0

    def keep(self, path: Path) -> None:
        parts = {name: getattr(self, name).state_dict() for name in ("unet", "average", "optimizer")}
        keep(path, {**parts, "step": self.step})


def begun(job: Job, vae: AutoencoderTiny) -> Training:
    """From the checkpoint, from the saved model, from what fits of another model, or new."""
    path, unet = job.kept / "unet.pt", new_unet(vae, job.size)
    if not path.exists() and job.goes_on:
        log.info("going on from the weights in %s", job.out)
        unet.load_state_dict(UNet2DConditionModel.from_pretrained(job.out / "unet").state_dict())
    elif not path.exists() and job.start:
        taken = take_over(unet, UNet2DConditionModel.from_pretrained(job.start / "unet"))
        log.info("beginning with %d of %d weights of %s", taken, len(unet.state_dict()), job.start)
    unet = unet.to(job.device, memory_format=torch.channels_last)
    average = copy.deepcopy(unet).requires_grad_(False)
    made = Training(unet, average, torch.optim.AdamW(unet.parameters(), job.unet_rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True))
    if path.exists():
        state = torch.load(path, map_location=job.device)
        for name in ("unet", "average", "optimizer"):
            getattr(made, name).load_state_dict(state[name])
        made.step = state["step"]
        log.info("going on from step %d", made.step)
    if job.device == "cpu":
        unet.set_attn_processor(AttnProcessor())  # over so few tokens, twice as fast backwards as the fused one
    return made


def train_denoiser(
    job: Job, vae: AutoencoderTiny, tokenizer: CLIPTokenizer, text: CLIPTextModel, latents: Tensor, labels: list[Label]
) -> UNet2DConditionModel:
    made = begun(job, vae)
    examples = Examples(job, Contexts(job, tokenizer, text, [side for a, b, _ in labels for side in (a, b)]), latents, labels)
    scheduler = DDPMScheduler(**betas(latents.shape[-1]), prediction_type="v_prediction")
    predict, often = torch.compile(made.unet) if job.compile else made.unet, 500 if job.device == "cpu" else 2000
    pace, mean = Pace(), torch.zeros((), device=job.device)
    while made.step < job.unet_steps:
        clean, noise, timesteps, contexts = examples.at(made.step)
        with job.autocast():
            told = predict(scheduler.add_noise(clean, noise, timesteps), timesteps, contexts).sample
        loss = F.mse_loss(told.float(), scheduler.get_velocity(clean, noise, timesteps))
        descend(made.optimizer, loss, rate(made.step, job.unet_steps, job.unet_rate))
        follow(made.average, made.unet, made.step)
        made.step += 1
        mean = loss.detach() if pace.steps == 0 else 0.98 * mean + 0.02 * loss.detach()
        pace.step()
        if made.step % 50 == 0:
            log.info("unet %d loss %.4f, %.3f s a step", made.step, mean.item(), pace.a_step)
        if pace.due() or made.step == job.unet_steps:
            made.keep(job.kept / "unet.pt")
        if made.step % often == 0:
            preview(job, vae, tokenizer, text, made.average, job.work / f"preview-{made.step:06d}.png")
    return made.average
