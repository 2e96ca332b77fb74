"""The UNet, trained on latents and on the embeddings of captions; half-way pictures on half-way embeddings."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny, DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from transformers import CLIPTextModel, CLIPTokenizer

from job import Job, Pace, keep, log, rate, set_rate
from pictures import Label
from pipeline import BETAS, preview
from text import Contexts

TOP_RATE = 1e-3
Tensors = tuple[Tensor, ...] | list[Tensor]


def new_unet(size: int) -> UNet2DConditionModel:
    """Attention where it is cheap (half resolution and below); at full resolution convolutions do.

    The words also reach every ResNet with the time embedding (as in Imagen, Saharia et al. 2022).
    """
    return UNet2DConditionModel(
        sample_size=size // 8, block_out_channels=(96, 160, 224), layers_per_block=1, cross_attention_dim=192,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=(2, 2, 4),
        addition_embed_type="text", addition_embed_type_num_heads=6,
    )  # fmt: skip


def noise_levels(count: int, done: float, draws: torch.Generator) -> Tensor:
    """Timesteps: a quarter anywhere, the others around a level that falls as training goes on (logit-normal, Esser et al. 2024).

    What is on a picture is decided where there is most noise, and words matter nowhere else; edges come last, and quickly.
    """
    anywhere = torch.rand(count, generator=draws)
    around = torch.sigmoid(1.5 * (1 - done) + torch.randn(count, generator=draws))
    return (1000 * torch.where(torch.arange(count) % 4 == 0, anywhere, around)).long().clamp(max=999)


def moving(averages: Tensors, news: Tensors, count: Tensor | int) -> None:
    """Exponential moving average of 0.999, shorter while there is little to average."""
    torch._foreach_lerp_(averages, news, 1 - min(0.999, (1 + float(count)) / (10 + float(count))))


def averaged(average: AveragedModel) -> UNet2DConditionModel:
    unet: UNet2DConditionModel = average.module
    return unet


class Examples:
    """Latents and their captions, drawn at random by step number: a run that goes on sees what one without a stop would."""

    def __init__(self, job: Job, contexts: Contexts, latents: Tensor, labels: list[Label]):
        self.job, self.contexts = job, contexts
        self.latents = latents if job.device == "cpu" else latents.to(job.device)
        self.first, self.second = contexts.rows([a for a, _, _ in labels]), contexts.rows([b for _, b, _ in labels])
        self.mix = torch.tensor([mix for _, _, mix in labels])

    def at(self, step: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Clean latents, unit noise, timesteps and contexts of one step; a tenth of the contexts is the empty prompt's."""
        job, draws = self.job, torch.Generator().manual_seed(step)
        pick = torch.randint(len(self.latents), (job.batch,), generator=draws)
        said = torch.rand(job.batch, generator=draws) >= 0.1
        clean = self.latents[pick.to(self.latents.device)].float().to(memory_format=torch.channels_last)
        noise = torch.randn(clean.shape, generator=draws).to(job.device)
        timesteps = noise_levels(job.batch, step / job.unet_steps, draws).to(job.device)
        a, b = (self.contexts.table[(rows[pick] * said).to(job.device)].float() for rows in (self.first, self.second))
        return clean, noise, timesteps, torch.lerp(a, b, self.mix[pick].to(job.device)[:, None, None])


def begun(job: Job) -> tuple[UNet2DConditionModel, AveragedModel, torch.optim.Optimizer, int]:
    """UNet, moving average, optimizer and step: from the checkpoint, from the saved model, or new."""
    path, start, unet = job.work / "unet.pt", 0, new_unet(job.size)
    if not path.exists() and job.goes_on:
        log.info("going on from the weights in %s", job.out)
        unet.load_state_dict(UNet2DConditionModel.from_pretrained(job.out / "unet").state_dict())
    unet = unet.to(job.device, memory_format=torch.channels_last)
    average = AveragedModel(unet, multi_avg_fn=moving)
    optimizer = torch.optim.AdamW(unet.parameters(), TOP_RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    if path.exists():
        state = torch.load(path, map_location=job.device)
        for part, name in ((unet, "model"), (average, "average"), (optimizer, "optimizer")):
            part.load_state_dict(state[name])
        start = state["step"]
        log.info("going on from step %d", start)
    if job.device == "cpu":
        unet.set_attn_processor(AttnProcessor())  # over so few tokens, twice as fast backwards as the fused one
    return unet, average, optimizer, start


def train_denoiser(
    job: Job, vae: AutoencoderTiny, tokenizer: CLIPTokenizer, text: CLIPTextModel, latents: Tensor, labels: list[Label]
) -> UNet2DConditionModel:
    unet, average, optimizer, start = begun(job)
    examples = Examples(job, Contexts(job, tokenizer, text, [side for a, b, _ in labels for side in (a, b)]), latents, labels)
    scheduler, predict = DDPMScheduler(**BETAS, prediction_type="v_prediction"), torch.compile(unet) if job.compile else unet
    pace, loss_mean = Pace(), torch.zeros((), device=job.device)
    for step in range(start, job.unet_steps):
        clean, noise, timesteps, contexts = examples.at(step)
        noisy = scheduler.add_noise(clean, noise, timesteps)
        with job.autocast():
            made = predict(noisy, timesteps, contexts).sample
        loss = F.mse_loss(made.float(), scheduler.get_velocity(clean, noise, timesteps))
        set_rate(optimizer, rate(step, job.unet_steps, TOP_RATE))
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(unet)
        pace.step()
        loss_mean = loss.detach() if step == start else 0.98 * loss_mean + 0.02 * loss.detach()
        if (step + 1) % 50 == 0:
            log.info("unet %d loss %.4f, %.3f s a step", step + 1, loss_mean.item(), pace.a_step)
        if pace.due() or step + 1 == job.unet_steps:
            state = {"model": unet.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            keep(job.work / "unet.pt", state)
        if (step + 1) % 500 == 0:
            averaged(average).set_attn_processor(AttnProcessor2_0())
            preview(job, vae, tokenizer, text, averaged(average), job.work / f"preview-{step + 1:06d}.png")
    return averaged(average)
