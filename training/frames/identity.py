"""Encodes a character's references once: `identity.onnx`.

From the portrait and the references at the mouth and eye windows (all with the head at rest, so
they lie pixel on pixel) it makes a feature map and a code for each window. The paint networks read
teeth, lips, lids and lashes from them instead of inventing them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.frames.blocks import conv
from training.frames.paint import CODE, FEATURES, UNSHUFFLE

MOUTH_VIEWS = ("portrait", "teeth", "open")
"""Pictures stacked for the mouth window: at rest, teeth showing, mouth wide open."""
EYE_VIEWS = ("portrait", "eyes-shut")


class WindowEncoder(nn.Module):
    """Stacked RGB views of one window -> feature map at a quarter of its size, and a code."""

    def __init__(self, views: int) -> None:
        super().__init__()
        self.enter = conv(views * 3 * UNSHUFFLE**2, 64, kernel=1)
        self.mix_1 = conv(64, 64)
        self.mix_2 = conv(64, 64)
        self.feature = conv(64, FEATURES, kernel=1)
        self.deep_1 = conv(64, 64, 2)
        self.deep_2 = conv(64, 64, 2)
        self.code = nn.Linear(64, CODE)

    def forward(self, views_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3 views, H, W) in 0..1 -> ((B, FEATURES, H/4, W/4), (B, CODE))."""
        relu = functional.relu
        x = relu(self.enter(functional.pixel_unshuffle(views_BCHW - 0.5, UNSHUFFLE)))
        x = x + relu(self.mix_1(x))
        x = x + relu(self.mix_2(x))
        deep = relu(self.deep_2(relu(self.deep_1(x))))
        return self.feature(x), torch.tanh(self.code(deep.mean((2, 3))))


class Identity(nn.Module):
    """All windows of a character in one graph."""

    def __init__(self) -> None:
        super().__init__()
        self.mouth = WindowEncoder(len(MOUTH_VIEWS))
        self.eye = WindowEncoder(len(EYE_VIEWS))

    def forward(self, mouth_views: Tensor, eyes_views: Tensor) -> tuple[Tensor, ...]:
        """Views in 0..255: mouth (1, 9, 96, 96), eyes (2, 6, 48, 64), the right one mirrored.

        Returns mouth feature and code, eyes' features and codes.
        """
        mouth = self.mouth(mouth_views / 255)
        eyes = self.eye(eyes_views / 255)
        return *mouth, *eyes
