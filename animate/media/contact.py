"""Several images on one contact sheet, each with its words beneath. Knows images and text only."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP = 8  # pixels around every image
PAPER, INK = (250, 250, 248), (40, 40, 44)


def contact_sheet(images: Sequence[np.ndarray], captions: Sequence[str], columns: int | None = None) -> np.ndarray:
    """uint8 (H, W, 3) images of one size, row by row, on one sheet; long captions are cut to their image's width, and none take no room."""
    height, width = images[0].shape[:2]
    columns = columns or min(len(images), max(1, round(math.sqrt(len(images) * 1.6))))
    rows = math.ceil(len(images) / columns)
    font = ImageFont.load_default(max(11, width // 16))
    line = GAP + math.ceil(font.getbbox("Ag")[3]) if captions else 0
    sheet = Image.new("RGB", (GAP + columns * (width + GAP), GAP + rows * (height + line + GAP)), PAPER)
    pen = ImageDraw.Draw(sheet)
    for i, (image, caption) in enumerate(zip(images, captions or [""] * len(images), strict=True)):
        x, y = GAP + i % columns * (width + GAP), GAP + i // columns * (height + line + GAP)
        sheet.paste(Image.fromarray(image), (x, y))
        pen.text((x, y + height + GAP // 2), _fitted(caption, font, width), fill=INK, font=font)
    return np.asarray(sheet)


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"
