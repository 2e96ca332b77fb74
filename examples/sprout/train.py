"""Make sprout, the built-in model, from nothing: draw pictures, train a VAE, then a text encoder and a UNet, save the folder.

    python examples/sprout/train.py                      the whole model; run it again after any stop, it goes on
    python examples/sprout/train.py --vae-steps 20 --unet-steps 20 --pictures 256 --work /tmp/toy --out /tmp/toy/model

Every part writes a checkpoint into `--work`. If there is none but `--out` holds a model, training goes on from that model.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import multiprocessing
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scenes
import torch
import torch.nn.functional as F
import words
from diffusers import AutoencoderTiny, DDPMScheduler, DPMSolverMultistepScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

log = logging.getLogger("sprout")

# A longer tail of noise than Stable Diffusion's (0.012): with 16 x 16 latents, its last timestep would still give the mean
# brightness away (signal-to-noise 0.005 x 256 values). Here 0.0002 x 256 = 0.06, and every scheduler still has finite numbers.
BETAS = {"beta_start": 0.00085, "beta_end": 0.02, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}

PREVIEW = ("a seed", "a sprout", "a sapling", "a tree", "a pine tree in winter", "a red flower", "a house at night",
           "a blue boat at sunset", "a mountain", "an orange fish", "a balloon", "a yellow bird", "a mushroom in autumn", "a cactus",
           "a pink tree at night", "a purple house")  # fmt: skip


@dataclass(frozen=True)
class Job:
    work: Path
    out: Path
    size: int  # pixels
    device: str
    pictures: int
    vae_steps: int
    word_steps: int
    unet_steps: int
    batch: int
    compile: bool
    workers: int

    @property
    def dtype(self) -> torch.dtype:
        """bf16 where the device multiplies it in hardware; on other CPUs it is slower than fp32."""
        fast = self.device != "cpu" or torch.cpu._is_amx_tile_supported()
        return torch.bfloat16 if fast else torch.float32

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device, self.dtype, enabled=self.dtype != torch.float32)


# --- pictures -------------------------------------------------------------------------------------------------------------


def salted(text: str, rng: np.random.Generator) -> str:
    """The caption, now and then with words around it that say nothing about the picture."""
    if rng.random() < 0.88:
        return text
    said = text.split()
    for _ in range(int(rng.integers(1, 4))):
        word = str(rng.choice(words.FILLER[40:])) if rng.random() < 0.8 else "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 5))
        said.insert(int(rng.integers(len(said) + 1)) if rng.random() < 0.3 else len(said), word)
    return " ".join(said)


def draw_some(task: tuple[int, int, int]) -> tuple[np.ndarray, list[tuple[str, str, float]]]:
    seed, count, size = task
    rng = np.random.default_rng((1, seed))
    samples = [scenes.sample(rng, size) for _ in range(count)]
    labels = []
    for s in samples:
        first = salted(s.caption, rng)
        labels.append((first, first if s.mix == 0 else s.other, s.mix))
    return np.stack([s.image for s in samples]), labels


def pictures(job: Job) -> tuple[np.ndarray, list[tuple[str, str, float]]]:
    """Images uint8 (N, size, size, 3), on disk, and for each (caption, other caption, mix)."""
    made_by = hashlib.sha256(Path(scenes.__file__).read_bytes()).hexdigest()[:8]
    file, labels_file = job.work / f"pictures-{job.size}-{made_by}.npy", job.work / f"labels-{job.size}-{made_by}.json"
    if labels_file.exists():
        labels = json.loads(labels_file.read_text())
        if len(labels) == job.pictures:
            return np.load(file, mmap_mode="r"), labels
    images = np.lib.format.open_memmap(file, "w+", np.uint8, (job.pictures, job.size, job.size, 3))
    chunk, labels, began = 128, [], time.time()
    tasks = [(i, min(chunk, job.pictures - i), job.size) for i in range(0, job.pictures, chunk)]
    with multiprocessing.get_context("spawn").Pool(job.workers) as pool:
        for (start, count, _), (drawn, said) in zip(tasks, pool.imap(draw_some, tasks), strict=True):
            images[start : start + count] = drawn
            labels += said
    labels_file.write_text(json.dumps(labels))
    log.info("drew %d pictures in %.0f s", job.pictures, time.time() - began)
    return images, labels


# --- checkpoints ----------------------------------------------------------------------------------------------------------


def keep(path: Path, state: dict[str, object]) -> None:
    torch.save(state, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def rate(step: int, steps: int, top: float) -> float:
    """Warm up over 2 %, stay, and fall to 3 % over the last 30 %."""
    return top * min(1.0, (step + 1) / max(1, steps // 50), max(0.03, (steps - step) / (0.3 * steps)))


# --- VAE ------------------------------------------------------------------------------------------------------------------


def new_vae() -> AutoencoderTiny:
    """No blocks at full resolution, where they cost most and show least."""
    wide = (64, 64, 64, 64)
    return AutoencoderTiny(
        encoder_block_out_channels=wide, decoder_block_out_channels=wide, num_encoder_blocks=(0, 1, 2, 3), num_decoder_blocks=(4, 3, 1, 0)
    )


def crops(images: np.ndarray, count: int, side: int, rng: np.random.Generator) -> Tensor:
    """(count, 3, side, side) in -1..1; half of them mirrored."""
    size, out = images.shape[1], np.empty((count, side, side, 3), np.uint8)
    for i, n in enumerate(rng.integers(len(images), size=count)):
        y, x = rng.integers(size - side + 1, size=2)
        piece = images[n, y : y + side, x : x + side]
        out[i] = piece[:, ::-1] if rng.random() < 0.5 else piece
    return torch.from_numpy(out).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def edges(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]


def picture_loss(made: Tensor, true: Tensor) -> Tensor:
    """L1 + L2 + gradients; what stands out from its surroundings weighs more, or small bright things stay grey."""
    detail = (true - F.avg_pool2d(true, 9, 1, 4, count_include_pad=False)).abs().mean(1, keepdim=True)
    error = made - true
    weight = 1 + 4 * detail
    rough = sum((a - b).abs().mean() for a, b in zip(edges(made), edges(true), strict=True))
    return (weight * (error.abs() + 2 * error.square())).mean() + rough


def unit_penalty(latents: Tensor) -> Tensor:
    """Keeps every channel near mean 0, spread 1, so that the latents are what a diffusion model wants (scaling factor 1)."""
    return latents.mean((0, 2, 3)).square().mean() + (latents.std((0, 2, 3)) - 1).square().mean()


def train_vae(job: Job, images: np.ndarray) -> AutoencoderTiny:
    path, vae, start = job.work / "vae.pt", new_vae(), 0
    if (job.out / "vae").is_dir() and not path.exists():
        log.info("the VAE is the one in %s", job.out)
        return AutoencoderTiny.from_pretrained(job.out / "vae").float().to(job.device)
    vae = vae.to(job.device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.01)
    if path.exists():
        state = torch.load(path, map_location=job.device)
        vae.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        start = state["step"]
    began = time.time()
    for step in range(start, job.vae_steps):
        rng = np.random.default_rng((2, step))
        true = crops(images, 32, 64, rng).to(job.device, memory_format=torch.channels_last)
        for group in optimizer.param_groups:
            group["lr"] = rate(step, job.vae_steps, 1e-3)
        with job.autocast():
            latents = vae.encode(true).latents
            made = vae.decode(latents + 0.05 * torch.randn_like(latents)).sample
        loss = picture_loss(made.float(), true) + 0.05 * unit_penalty(latents.float())
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 250 == 0 or step + 1 == job.vae_steps:
            log.info(
                "vae %d loss %.4f, PSNR %.2f dB, %.3f s a step", step + 1, loss.item(), psnr(job, vae), (time.time() - began) / (step + 1 - start)
            )
            keep(path, {"model": vae.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1})
    return vae


@torch.no_grad()
def psnr(job: Job, vae: AutoencoderTiny, count: int = 64) -> float:
    """Of fresh whole pictures, in dB."""
    images, _ = draw_some((10**6, count, job.size))
    true = torch.from_numpy(images).permute(0, 3, 1, 2).float().div(127.5).sub(1).to(job.device)
    with job.autocast():
        made = vae(true).sample.float().clamp(-1, 1)
    return float(10 * torch.log10(4 / (made - true).square().mean((1, 2, 3))).mean())


@torch.no_grad()
def encoded(job: Job, vae: AutoencoderTiny, images: np.ndarray) -> Tensor:
    """Latents of all pictures, fp16 (N, 4, size/8, size/8)."""
    weights = b"".join(tensor.cpu().numpy().tobytes() for tensor in vae.encoder.state_dict().values())
    file = job.work / f"latents-{job.size}-{len(images)}-{hashlib.sha256(weights).hexdigest()[:8]}.pt"
    if file.exists():
        kept: Tensor = torch.load(file)
        return kept
    parts, began = [], time.time()
    for i in range(0, len(images), 64):
        x = torch.from_numpy(np.asarray(images[i : i + 64])).permute(0, 3, 1, 2).float().div(127.5).sub(1)
        with job.autocast():
            parts.append(vae.encode(x.to(job.device, memory_format=torch.channels_last)).latents.half().cpu())
    latents = torch.cat(parts)
    log.info("encoded %d in %.0f s; std %.3f, per channel %s", len(latents), time.time() - began, latents.float().std(),
             [round(v, 2) for v in latents.float().std((0, 2, 3)).tolist()])  # fmt: skip
    torch.save(latents, file)
    return latents


# --- text encoder and UNet ------------------------------------------------------------------------------------------------


class Denoiser(nn.Module):
    """The two that are trained together."""

    def __init__(self, tokenizer: CLIPTokenizer, latents: int):
        super().__init__()
        self.text = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokenizer), hidden_size=192, intermediate_size=768, num_hidden_layers=3, num_attention_heads=6,
                max_position_embeddings=words.LENGTH, projection_dim=192, bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
            )
        )  # fmt: skip
        # Attention where it is cheap (half resolution and below); at full resolution convolutions do. The words also reach
        # every ResNet with the time embedding (as in Imagen, Saharia et al. 2022). Whether attention alone would do, now
        # that the words are taught first, was not tried.
        self.unet = UNet2DConditionModel(
            sample_size=latents, block_out_channels=(96, 160, 224), layers_per_block=1, cross_attention_dim=192,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=(2, 2, 4),
            addition_embed_type="text", addition_embed_type_num_heads=6,
        )  # fmt: skip

    def forward(self, noisy: Tensor, timesteps: Tensor, ids: Tensor, others: Tensor, mix: Tensor) -> Tensor:
        """The prediction for the blend of two prompts' embeddings, which is what a frame between two keyframes asks for."""
        a, b = self.text(torch.cat([ids, others]))[0].chunk(2)
        made: Tensor = self.unet(noisy, timesteps, torch.lerp(a, b, mix[:, None, None].to(a.dtype))).sample
        return made


def noise_levels(count: int, done: float, draws: torch.Generator) -> Tensor:
    """Timesteps: a quarter anywhere, the others around a level that falls as training goes on (logit-normal, Esser et al. 2024).

    What is on a picture is decided where there is most noise, and words matter nowhere else; edges come last, and quickly.
    """
    anywhere = torch.rand(count, generator=draws)
    around = torch.sigmoid(1.5 * (1 - done) + torch.randn(count, generator=draws))
    return (1000 * torch.where(torch.arange(count) % 4 == 0, anywhere, around)).long().clamp(max=999)


def teach_words(text: CLIPTextModel, tokenizer: CLIPTokenizer, steps: int, device: str) -> None:
    """Teach a new text encoder to tell subject, colour and setting of a caption, whatever its wording; a minute on a CPU.

    Left to the denoising loss alone, its embeddings of all subjects fell together (0.5 apart, at a norm of 77, after 2,500
    steps): settings lower that loss first, and what has become one point cannot be told apart any more.
    """
    answers: dict[str, list[str | None]] = {"subject": [*scenes.SUBJECTS], "color": [None, *scenes.COLORS], "setting": [*scenes.SETTINGS]}
    heads = nn.ModuleDict({name: nn.Linear(text.config.hidden_size, len(allowed)) for name, allowed in answers.items()}).to(device)
    optimizer = torch.optim.AdamW([*text.parameters(), *heads.parameters()], lr=1e-3, weight_decay=0.01)
    rng = np.random.default_rng(3)
    for step in range(steps):
        said = [scenes.random_scene(rng) for _ in range(128)]
        ids = tokenized(tokenizer, [salted(scenes.caption(scene, rng), rng) for scene in said]).to(device)
        pooled, losses = text(ids)[0].mean(1), []
        for name, allowed in answers.items():
            truth = torch.tensor([allowed.index(getattr(scene, name)) for scene in said], device=device)
            losses.append(F.cross_entropy(heads[name](pooled), truth))
        loss = torch.stack(losses).sum()
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(text.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, 1e-3)
        optimizer.step()
        if (step + 1) % 50 == 0:
            log.info("words %d loss %.4f", step + 1, loss.item())


def moving(average: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
    """Exponential moving average of 0.999, shorter while there is little to average."""
    return torch.lerp(average, new, 1 - min(0.999, (1 + float(count)) / (10 + float(count))))


def tokenized(tokenizer: CLIPTokenizer, texts: list[str]) -> Tensor:
    ids: Tensor = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    return ids


def begun(job: Job, tokenizer: CLIPTokenizer) -> tuple[Denoiser, AveragedModel, torch.optim.Optimizer, int]:
    """Model, moving average, optimizer and step: from the checkpoint, from the saved model, or new."""
    path, start = job.work / "denoiser.pt", 0
    model = Denoiser(tokenizer, job.size // 8).to(job.device)
    model.unet.to(memory_format=torch.channels_last)
    if not path.exists() and (job.out / "unet").is_dir():
        log.info("going on from the weights in %s", job.out)
        model.unet.load_state_dict(UNet2DConditionModel.from_pretrained(job.out / "unet").state_dict())
        model.text.load_state_dict(CLIPTextModel.from_pretrained(job.out / "text_encoder").state_dict())
    elif not path.exists():
        teach_words(model.text, tokenizer, job.word_steps, job.device)
    average = AveragedModel(model, avg_fn=moving)
    # The text encoder knows its words; it follows slowly, so that the UNet can rely on what they mean.
    groups = [{"params": list(model.unet.parameters()), "top": 1e-3}, {"params": list(model.text.parameters()), "top": 1e-4}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    if path.exists():
        state = torch.load(path, map_location=job.device)
        for part, name in ((model, "model"), (average, "average"), (optimizer, "optimizer")):
            part.load_state_dict(state[name])
        start = state["step"]
        log.info("going on from step %d", start)
    return model, average, optimizer, start


def train_denoiser(job: Job, vae: AutoencoderTiny, tokenizer: CLIPTokenizer, latents: Tensor, labels: list[tuple[str, str, float]]) -> Denoiser:
    model, average, optimizer, start = begun(job, tokenizer)
    loss_mean = 0.0
    ids, others = tokenized(tokenizer, [a for a, _, _ in labels]), tokenized(tokenizer, [b for _, b, _ in labels])
    mixes, nothing = torch.tensor([m for _, _, m in labels]), tokenized(tokenizer, [""])
    scheduler = DDPMScheduler(**BETAS, prediction_type="v_prediction")
    predict = torch.compile(model) if job.compile else model
    began = time.time()
    for step in range(start, job.unet_steps):
        draws = torch.Generator().manual_seed(step)
        pick = torch.randint(len(latents), (job.batch,), generator=draws)
        dropped = (torch.rand(job.batch, generator=draws) < 0.1)[:, None]
        clean = latents[pick].float().to(job.device)
        noise = torch.randn(clean.shape, generator=draws).to(job.device)
        timesteps = noise_levels(job.batch, step / job.unet_steps, draws).to(job.device)
        noisy = scheduler.add_noise(clean, noise, timesteps).to(memory_format=torch.channels_last)
        said = [torch.where(dropped, nothing, x[pick]).to(job.device) for x in (ids, others)]
        for group in optimizer.param_groups:
            group["lr"] = rate(step, job.unet_steps, group["top"])
        with job.autocast():
            made = predict(noisy, timesteps, *said, mixes[pick].to(job.device))
        loss = F.mse_loss(made.float(), scheduler.get_velocity(clean, noise, timesteps))
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(model)
        loss_mean = loss.item() if step == start else 0.98 * loss_mean + 0.02 * loss.item()
        if (step + 1) % 50 == 0:
            log.info("unet %d loss %.4f, %.2f s a step", step + 1, loss_mean, (time.time() - began) / (step + 1 - start))
        if (step + 1) % 250 == 0 or step + 1 == job.unet_steps:
            keep(
                job.work / "denoiser.pt",
                {"model": model.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1},
            )
        if (step + 1) % 500 == 0:
            preview(job, pipeline(vae, tokenizer, denoiser(average)), job.work / f"preview-{step + 1:06d}.png")
    return denoiser(average)


def denoiser(average: AveragedModel) -> Denoiser:
    assert isinstance(average.module, Denoiser)
    return average.module


# --- the whole ------------------------------------------------------------------------------------------------------------


def pipeline(vae: AutoencoderTiny, tokenizer: CLIPTokenizer, model: Denoiser) -> StableDiffusionPipeline:
    scheduler = DPMSolverMultistepScheduler(**BETAS, prediction_type="v_prediction", timestep_spacing="trailing", steps_offset=1)
    return StableDiffusionPipeline(
        vae=vae, text_encoder=model.text.eval(), tokenizer=tokenizer, unet=model.unet.eval(), scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def preview(job: Job, pipe: StableDiffusionPipeline, path: Path) -> None:
    """Sixteen prompts, two seeds each, 12 steps."""
    pipe.set_progress_bar_config(disable=True)
    rows = []
    for seed in (0, 1):
        generators = [torch.Generator().manual_seed(seed) for _ in PREVIEW]
        made = pipe(list(PREVIEW), num_inference_steps=12, guidance_scale=3.0, generator=generators, output_type="np").images
        rows += [np.concatenate(list(made[i : i + 8]), 1) for i in (0, 8)]
    Image.fromarray((np.concatenate(rows) * 255).round().astype(np.uint8)).save(path)


def save(vae: AutoencoderTiny, tokenizer: CLIPTokenizer, model: Denoiser, out: Path) -> None:
    """Diffusers' folder format, fp16, in files of at most 15 MB."""
    pipeline(vae, tokenizer, model).to(torch.float16).save_pretrained(out, max_shard_size="14MB", safe_serialization=True)
    # Where no dtype is asked for, diffusers loads its parts in float32 and transformers in what the file says: they must agree.
    edit(out / "text_encoder" / "config.json", dtype="float32")
    # AutoencoderTiny works this out by itself, and warns when it is told.
    edit(out / "vae" / "config.json", block_out_channels=None)
    log.info("saved %s, %.1f MB", out, sum(f.stat().st_size for f in out.rglob("*") if f.is_file()) / 1e6)


def edit(path: Path, **changes: str | None) -> None:
    """Change entries of a JSON file; None takes one out."""
    config = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({name: value for name, value in config.items() if value is not None or name not in changes}, indent=2) + "\n")


def main() -> None:
    here, cuda = Path(__file__).resolve().parent, torch.cuda.is_available()
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work", type=Path, default=here / "work", help="checkpoints, pictures, log")
    p.add_argument("--out", type=Path, default=here.parent.parent / "animate" / "models" / "sprout")
    p.add_argument("--size", type=int, default=128, help="pixels")
    p.add_argument("--device", default="cuda" if cuda else "cpu")
    p.add_argument("--pictures", type=int, default=150_000 if cuda else 50_000)
    p.add_argument("--vae-steps", type=int, default=10_000)
    p.add_argument("--word-steps", type=int, default=300)
    p.add_argument("--unet-steps", type=int, default=5_000)
    p.add_argument("--batch", type=int, default=512 if cuda else 64)
    p.add_argument("--compile", action="store_true", help="torch.compile the UNet: about 1.3 times faster after a minute")
    p.add_argument("--workers", type=int, default=os.cpu_count() or 2, help="processes that draw")
    job = Job(**vars(p.parse_args()))
    job.work.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", handlers=[logging.StreamHandler(), logging.FileHandler(job.work / "train.log")]
    )
    torch.manual_seed(0)
    images, labels = pictures(job)
    saved = job.out / "tokenizer"
    tokenizer = CLIPTokenizer.from_pretrained(saved) if saved.is_dir() else words.clip_tokenizer(label[0] for label in labels[:20_000])
    vae = train_vae(job, images)
    latents = encoded(job, vae, images)
    save(vae, tokenizer, train_denoiser(job, vae, tokenizer, latents, labels), job.out)


if __name__ == "__main__":
    main()
