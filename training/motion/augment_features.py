"""Endless variety for few voices: log-mel features bent and hidden at random, anew every time.

Vocal tracts of other lengths (a warp of the frequency axis: Jaitly and Hinton, "Vocal tract length
perturbation improves speech recognition", 2013), other microphones (smooth colour and tilt), gain,
a floor of noise added as power, and hidden bands and moments (Park et al., "SpecAugment", 2019).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch

from inference.audio_features import MEL_BANDS, MEL_FLOOR

_LOW_MEL, _HIGH_MEL = (2595 * float(np.log10(1 + f / 700)) for f in (60.0, 7600.0))
_WARP_SHARE: Final = 0.8
_WARP: Final = 0.1
_LARGEST_WARP: Final = 0.22
_COLOUR: Final = 0.5
_TILT: Final = 0.8
_GAIN: Final = 2.0
_NOISE_SHARE: Final = 0.15


def warp_matrices(factor_B: torch.Tensor) -> torch.Tensor:
    """Matrices (B, MEL_BANDS, MEL_BANDS) that read every band at its frequency times a factor."""
    mel_M = torch.linspace(_LOW_MEL, _HIGH_MEL, MEL_BANDS + 2)[1:-1]
    hertz_M = 700 * (10 ** (mel_M / 2595) - 1)
    read_BM = 2595 * torch.log10(1 + hertz_M * factor_B[:, None] / 700)
    place_BM = (read_BM - mel_M[0]) / (mel_M[1] - mel_M[0])
    place_BM = torch.clamp(place_BM, 0, MEL_BANDS - 1)
    distance = (place_BM[:, None, :] - torch.arange(MEL_BANDS)[None, :, None]).abs()
    return torch.clamp(1 - distance, min=0)


def _smooth(count: int, knots: int, scale: float, generator: torch.Generator) -> torch.Tensor:
    """Random smooth curves over the bands (count, MEL_BANDS)."""
    points = torch.randn(count, 1, knots, generator=generator) * scale
    return torch.nn.functional.interpolate(points, MEL_BANDS, mode="linear", align_corners=True)[
        :, 0
    ]


def bend(
    self_BFM: torch.Tensor, other_BFM: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Both streams (B, F, MEL_BANDS) as others would speak them into other microphones."""
    count = len(self_BFM)

    def chance(share: float) -> torch.Tensor:
        return (torch.rand(count, 1, 1, generator=generator) < share).float()

    spread = torch.clamp(torch.randn(count, generator=generator) * _WARP, -0.2, _LARGEST_WARP)
    warp = warp_matrices(torch.exp(spread * chance(_WARP_SHARE)[:, 0, 0]))
    octave_M = torch.linspace(-1, 1, MEL_BANDS)
    streams = []
    for mel in (self_BFM, other_BFM):
        colour = _smooth(
            count, int(torch.randint(4, 12, (), generator=generator)), _COLOUR, generator
        )
        tilt = torch.randn(count, 1, generator=generator) * _TILT * octave_M
        gain = torch.randn(count, 1, generator=generator) * _GAIN
        streams.append(mel @ warp + (colour + tilt + gain)[:, None] * chance(0.8))
    mine, theirs = streams
    peak = mine.amax((1, 2), keepdim=True)
    under = -4 - 5 * torch.rand(count, 1, 1, generator=generator)
    floor = peak + under + _smooth(count, 5, 0.8, generator)[:, None]
    floor = floor - 2 * torch.rand(count, 1, 1, generator=generator) * octave_M
    grain = torch.randn(mine.shape, generator=generator) * 0.35
    noisy = torch.logaddexp(mine, floor + grain)
    mine = torch.where(chance(_NOISE_SHARE) > 0, noisy, mine)
    lowest = float(np.log(MEL_FLOOR))
    return torch.clamp(mine, lowest, 4.0), torch.clamp(theirs, lowest, 4.0)


def hide(
    features_BTF: torch.Tensor, bands: int, frames: int, generator: torch.Generator
) -> torch.Tensor:
    """A copy with a few moments and bands of the first `frames` x `bands` features hidden.

    Moments last up to 60 ms, which is less than most phones; bands stay hidden throughout.
    """
    out = features_BTF.clone()
    count, steps = out.shape[:2]
    for _ in range(2 * steps // 100):
        length = int(torch.randint(1, 4, (), generator=generator))
        at = torch.randint(0, steps - length, (count,), generator=generator)
        index = at[:, None] + torch.arange(length)
        rows = torch.arange(count)[:, None]
        out[rows, index, : bands * frames] = 0
    width = int(torch.randint(0, 7, (), generator=generator))
    first = torch.randint(0, bands - width, (count,), generator=generator)
    band_B = torch.arange(bands)[None]
    hidden = (band_B >= first[:, None]) & (band_B < first[:, None] + width)
    hidden &= torch.rand(count, 1, generator=generator) < 0.5
    keep = (~hidden).to(out.dtype).repeat(1, frames)
    out[:, :, : bands * frames] *= keep[:, None]
    return out
