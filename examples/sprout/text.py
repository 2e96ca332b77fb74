"""The text encoder: a small CLIPTextModel that is taught what the words mean, and then left as it is."""

from __future__ import annotations

import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

import scenes
import words
from job import Job, Pace, descend, log, rate
from pen import COLORS
from worlds import PLACES, TIMES, WEATHERS


def new_text(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer), hidden_size=192, intermediate_size=768, num_hidden_layers=3, num_attention_heads=6,
            max_position_embeddings=words.LENGTH, projection_dim=192, bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        )
    )  # fmt: skip


def tokenized(tokenizer: CLIPTokenizer, texts: list[str]) -> Tensor:
    ids: Tensor = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    return ids


def questions(subjects: tuple[str, ...]) -> dict[str, list[str | int | None]]:
    """What a caption is asked, with the answers there are: attributes of a `Scene`."""
    return {
        "subject": [*subjects],
        "color": [None, *COLORS],
        "place": [None, *PLACES],
        "time": [*TIMES],
        "weather": [*WEATHERS],
        "count": [1, 2, 3],
    }


def answers(drawn: list[scenes.Scene], asked: dict[str, list[str | int | None]]) -> dict[str, Tensor]:
    return {name: torch.tensor([allowed.index(getattr(scene, name)) for scene in drawn]) for name, allowed in asked.items()}


def train_text(job: Job) -> tuple[CLIPTokenizer, CLIPTextModel]:
    """Tokenizer and text encoder that tell every attribute of a caption, whatever its wording; two minutes on a CPU.

    Left to the denoising loss alone, its embeddings of all subjects fell together (0.5 apart, at a norm of 77, after 2,500
    steps): settings lower that loss first, and what has become one point cannot be told apart any more. Taught first and
    then frozen, as Stable Diffusion's is, it also need not be run while the UNet trains.
    """
    source = job.kept / "text" if (job.kept / "text").is_dir() else job.out if job.goes_on else job.start
    if source:
        log.info("the text encoder is the one in %s", source)
        text = CLIPTextModel.from_pretrained(source / "text_encoder", dtype=torch.float32).to(job.device)
        return CLIPTokenizer.from_pretrained(source / "tokenizer"), text
    rng, meant = np.random.default_rng(3), scenes.vocabulary(job.names)
    said = [scenes.caption(scenes.seen_scene(rng, job.names), rng) for _ in range(20_000)]
    tokenizer = words.clip_tokenizer(said)
    text = new_text(tokenizer).to(job.device)
    teach(job, text, tokenizer, meant, rng)
    text.save_pretrained(job.kept / "text.new" / "text_encoder")
    tokenizer.save_pretrained(job.kept / "text.new" / "tokenizer")
    os.replace(job.kept / "text.new", job.kept / "text")
    return tokenizer, text


def teach(job: Job, text: CLIPTextModel, tokenizer: CLIPTokenizer, meant: set[str], rng: np.random.Generator) -> None:
    asked, width = questions(job.names), text.config.hidden_size
    heads = nn.ModuleDict({name: nn.Linear(width, len(allowed)) for name, allowed in asked.items()}).to(job.device)
    optimizer, pace = torch.optim.AdamW([*text.parameters(), *heads.parameters()], lr=1e-3, weight_decay=0.01), Pace()
    for step in range(job.word_steps):
        drawn = [scenes.seen_scene(rng, job.names) for _ in range(128)]
        ids = tokenized(tokenizer, [words.salted(scenes.caption(scene, rng), meant, rng) for scene in drawn]).to(job.device)
        with job.autocast():
            pooled = text(ids)[0].mean(1)
            said = {name: head(pooled).float() for name, head in heads.items()}
        truth = {name: answer.to(job.device) for name, answer in answers(drawn, asked).items()}
        loss = torch.stack([F.cross_entropy(said[name], truth[name]) for name in asked]).sum()
        descend(optimizer, loss, rate(step, job.word_steps, 1e-3))
        pace.step()
        if (step + 1) % 50 == 0 or step + 1 == job.word_steps:
            right = {name: round(float((said[name].argmax(1) == truth[name]).float().mean()), 2) for name in asked}
            log.info("words %d loss %.4f, right %s, %.2f s a step", step + 1, loss.item(), right, pace.a_step)


class Contexts:
    """The embeddings of many captions, each computed once."""

    @torch.no_grad()
    def __init__(self, job: Job, tokenizer: CLIPTokenizer, text: CLIPTextModel, captions: list[str]):
        self.row = {caption: i for i, caption in enumerate(dict.fromkeys(["", *captions]))}
        ids, parts = tokenized(tokenizer, [*self.row]), []
        for some in [ids[i : i + 512] for i in range(0, len(ids), 512)]:
            parts.append(text(some.to(job.device))[0].half())  # as exact as prompts will be: guidance enlarges what differs
        self.table = torch.cat(parts)  # (unique captions, tokens, width)

    def rows(self, captions: list[str]) -> Tensor:
        return torch.tensor([self.row[caption] for caption in captions])
