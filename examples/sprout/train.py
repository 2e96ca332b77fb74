"""Make sprout, the built-in model, from nothing: draw pictures, train a VAE, a text encoder and a UNet, save the folder.

    python examples/sprout/train.py --out my-model --work my-work
                                             256 px and all subjects on a GPU, 128 px and the core subjects on a CPU
    python examples/sprout/train.py --size 256 --subjects all --pictures 12288 --vae-only
                                             the VAE for 256 px on a CPU, from checkpoints/vae-256.safetensors on
    python examples/sprout/train.py --size 64 --pictures 64 --vae-steps 20 --word-steps 20 --unet-steps 20 --work /tmp/toy --out /tmp/toy/model

Run it again after any stop: every part keeps a checkpoint in `--work` and goes on from it. Beside the VAE's lies a small file,
`vae-SIZE.safetensors`: committed in `checkpoints/`, it is what another machine, whose `--work` is empty, goes on from.
Where there is no checkpoint but `--out` holds a model of this size and these subjects, training goes on from that model: its UNet is
trained further, its VAE and text encoder stay. `--out` is the built-in model where it is left out, which is written over.
To begin anew, name folders that hold nothing yet.
Figures: `evaluate.py`.
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

import torch

from denoiser import train_denoiser
from job import Job, log
from pictures import encoded, pictures
from pipeline import save
from text import train_text
from vae import train_vae


def asked() -> Job:
    here, cuda = Path(__file__).resolve().parent, torch.cuda.is_available()
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work", type=Path, default=here / "work", help="checkpoints, pictures, log")
    built_in = here.parent.parent / "animate" / "models" / "sprout"
    p.add_argument("--out", type=Path, default=built_in, help="folder of the model; left out: the built-in one, trained further and replaced")
    p.add_argument(
        "--start", type=Path, help="another model that knows these words, of any size: its text encoder stays, its weights are a beginning"
    )
    p.add_argument("--device", default="cuda" if cuda else "cpu")
    p.add_argument("--size", type=int, default=256 if cuda else 128, help="pixels")
    p.add_argument("--subjects", choices=("core", "all"), default="all" if cuda else "core")
    p.add_argument("--pictures", type=int, default=160_000 if cuda else 60_000)
    p.add_argument("--vae-steps", type=int, default=8_000 if cuda else 24_000)
    p.add_argument("--vae-rate", type=float, default=1e-3 if cuda else 2e-4, help="learning rate at its height; few crops bear less")
    p.add_argument("--vae-only", action="store_true", help="stop when the VAE is trained")
    p.add_argument("--word-steps", type=int, default=2_500 if cuda else 800)
    p.add_argument("--unet-steps", type=int, default=10_000 if cuda else 8_000)
    p.add_argument("--unet-rate", type=float, default=1e-3, help="learning rate at its height; half of it where training goes on")
    p.add_argument("--batch", type=int, default=512 if cuda else 64, help="latents in a step of the UNet")
    p.add_argument("--crops", type=int, default=64 if cuda else 4, help="crops of 128 px in a step of the VAE")
    p.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True, help="torch.compile the UNet: faster after a minute")
    p.add_argument("--workers", type=int, default=os.cpu_count() or 2, help="processes that draw")
    return Job(**vars(p.parse_args()))


def main() -> None:
    job = asked()
    job.work.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", handlers=[logging.StreamHandler(), logging.FileHandler(job.work / "train.log")]
    )
    log.info("%s", job)
    torch.manual_seed(0)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    drawn = pictures(job)
    vae = train_vae(job, drawn.images)
    if job.vae_only:
        return
    latents = encoded(job, vae, drawn.images)
    tokenizer, text = train_text(job)
    unet = train_denoiser(job, vae, tokenizer, text, latents, drawn.labels)
    save(job, vae, tokenizer, text, unet)


if __name__ == "__main__":
    main()
