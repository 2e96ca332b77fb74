"""Prompts for any pipeline of diffusers: what its `encode_prompt` returns, under the names and in the shapes that its call takes.

Knows nothing of what the tensors mean, but that some are masks of others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ...errors import AnimateError
from ..memory import DeviceMemory
from ..quiet import quiet
from . import introspection, masks


class PipelineText:
    """`models.base.Text` of a pipeline, and its text encoders. A prompt is one chunk, as long as the pipeline reads."""

    def __init__(self, pipe: Any, memory: DeviceMemory, longest: int | None):
        """pipe: one of the parts of `memory`. longest: tokens that are read of a prompt; None: the pipeline's own limit, if it has one."""
        self.pipe, self.memory, self.kind = pipe, memory, type(pipe).__name__
        self.call_parameters, self.parameters = introspection.parameters(pipe.__call__), introspection.parameters(pipe.encode_prompt)
        self.names = introspection.returned_names(pipe)
        limits = {name: parameter.default for name, parameter in {**self.parameters, **self.call_parameters}.items()}
        self.longest: int | None = longest or limits.get("max_sequence_length")
        self.lists: set[str] = set()  # names of what the call takes as a list of prompts of unequal lengths
        self.shapes: dict[str, torch.Size] = {}  # of a prompt's tensors; those of the first hold for all

    def chunks(self, prompt: str) -> int:
        return 1

    def warnings(self, prompts: Sequence[str], plain: bool = False) -> list[str]:
        tokenizers = [getattr(self.pipe, name, None) for name in ("tokenizer_3", "tokenizer_2", "tokenizer")]
        tokenizer = next((one for one in tokenizers if one is not None), None)
        if tokenizer is None or self.longest is None:
            return []
        long = [prompt for prompt in prompts if len(tokenizer(prompt).input_ids) > self.longest]
        return [f'"{prompt[:40]}..." is longer than the {self.longest} tokens that {self.memory.name} reads: shorten it' for prompt in long]

    @torch.inference_mode()
    def encode(self, prompt: str, negative: bool) -> dict[str, Tensor]:
        """What the call takes of what `encode_prompt` returns, under the names for a prompt that is not negative; on the CPU.

        What has a mask is padded to the longest prompt, so that all go into one batch. Raises AnimateError for what cannot.
        """
        both = negative and "negative_prompt" in self.parameters  # some treat it otherwise than a prompt
        arguments = {name: self.call_parameters[name].default for name in self.parameters if name in self.call_parameters}
        arguments |= {"prompt": [prompt], "device": self.memory.device, "num_images_per_prompt": 1, "do_classifier_free_guidance": both}
        arguments |= {"negative_prompt": [prompt] if both else None, "max_sequence_length": self.longest}
        with self.memory.at_work(self.pipe), quiet():
            returned = self.pipe.encode_prompt(**{name: value for name, value in arguments.items() if name in self.parameters})
            named = dict(zip(self.names, returned if isinstance(returned, tuple) else (returned,), strict=True))
            prefix = "negative_" if both else ""
            taken = [name for name in named if prefix + name in named and name in self.call_parameters and "negative" not in name]
            return self._single({name: named[prefix + name] for name in taken})

    def call_inputs(self, tensors: dict[str, Tensor], prefix: str, dtype: torch.dtype) -> dict[str, Any]:
        """Arguments of the call for a batch of encoded prompts, on the device. prefix: "negative_" for those that guidance leads away from."""
        inputs: dict[str, Any] = {}
        for name, tensor in tensors.items():
            placed = tensor.to(self.memory.device, dtype if tensor.is_floating_point() else tensor.dtype)
            if name in self.lists:
                inputs[prefix + name] = [row[read] for row, read in zip(placed, tensors[f"{name}_mask"], strict=True)]
            else:
                inputs[prefix + name] = placed
        return inputs

    def _single(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """A batch of one prompt -> that one."""
        self.lists |= {name for name, value in batch.items() if isinstance(value, list)}
        unlike = [name for name, value in batch.items() if value is not None and len(value) != 1]
        if unlike:
            reason = f"its {unlike[0]} are not one for a prompt"
            raise AnimateError(f"{self.memory.name}: a {self.kind} cannot be animated: {reason}; use another model")
        single = {name: value[0] for name, value in batch.items() if value is not None}
        for name in filter(masks.is_mask, batch):
            single.setdefault(name, torch.ones(len(single[masks.masked_tensor(name)]), dtype=torch.bool))
        single |= {f"{name}_mask": torch.ones(len(single[name]), dtype=torch.bool) for name in self.lists & single.keys()}
        masked = {tensor for name in single if masks.is_mask(name) for tensor in (name, masks.masked_tensor(name))}
        return {name: self._settled(name, tensor, name in masked) for name, tensor in single.items()}

    def _settled(self, name: str, tensor: Tensor, masked: bool) -> Tensor:
        """Float32 or whole numbers on the CPU, padded if it has a mask. Raises AnimateError for another shape than the first prompt's."""
        settled = tensor.cpu().float() if tensor.is_floating_point() else tensor.cpu()
        if masked and self.longest and len(settled) < self.longest:
            settled = torch.cat([settled, settled.new_zeros(self.longest - len(settled), *settled.shape[1:])])
        expected = self.shapes.setdefault(name, settled.shape)
        if settled.shape != expected:
            lengths = f"a prompt is {len(settled)} tokens, and {expected[0]} for an empty one"
            raise AnimateError(f"{self.memory.name}: {lengths}; a {self.kind} takes no mask, so they cannot be blended: use another model")
        return settled
