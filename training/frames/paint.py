"""Small networks that paint what no warp can supply. Exported as `paint.onnx`.

`CropPaint` works on a window of the head's picture after the expression and before the pose: a
mouth or an eye always stands in the same place and does not shimmer when the head moves. It sees
the warped window (the mouth cut open between the lips), the flow that made it, the motion, and
what `identity` remembers of the references; it returns a colour, an alpha and a mask that says how
much of the paint to use. Where the warp can be trusted the mask is zero and the picture stays.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.contract import BLENDSHAPES, MOTION_SIZE
from training.frames.blocks import UNet, conv

UNSHUFFLE = 4
FEATURES = 64
"""Channels of the feature map that `identity` makes of the references."""
CODE = 64
"""Length of the identity code."""
MOUTH_SIZE = (96, 96)
"""Mouth window, (width, height) in pixels of a 512 pixel portrait: nose to below the lower lip."""
EYE_SIZE = (64, 48)
FLOW_SCALE = 16.0
"""Pixels that the flow's input unit stands for."""


COLOURLESS = (0.008, 0.02)
"""Mean spread of a window's red, green and blue (0..1) up to which it is black and white, and from
which it has colour."""


def mirrored_names() -> list[int]:
    """For each motion value, the index of its mirror image (left and right swapped)."""
    swap = {"Left": "Right", "Right": "Left"}
    names = list(BLENDSHAPES)
    out = []
    for name in names:
        side = next((s for s in swap if name.endswith(s)), None)
        out.append(names.index(name[: -len(side)] + swap[side]) if side else names.index(name))
    return out + list(range(len(names), MOTION_SIZE))


def border_ramp(width: int, height: int, sides: int = 8, top: int = 8, bottom: int = 8) -> Tensor:
    """A window (height, width) that falls smoothly to zero at the border: no box edge can show.

    `sides`, `top` and `bottom` are the pixels it takes to rise.
    """

    def line(n: int, first: int, last: int) -> Tensor:
        place = torch.arange(n) + 0.5
        near = torch.minimum(place / first, (n - place) / last)
        return torch.sin(near.clamp(0, 1) * torch.pi / 2) ** 2

    return line(height, top, bottom)[:, None] * line(width, sides, sides)[None, :]


def solid(alpha_B1HW: Tensor) -> Tensor:
    """1 where the layer covers all around, 0 where it fades out: there is nothing to paint."""
    cover = ((alpha_B1HW - 0.9) * 10).clamp(0, 1)
    return -functional.max_pool2d(-cover, 5, 1, 2)


def place_grid(width: int, height: int) -> Tensor:
    """Where each pixel of a window is, (1, height, width, 2), as `grid_sample` counts."""
    x, y = ((torch.arange(n) + 0.5) * 2 / n - 1 for n in (width, height))
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]


def moved(picture_BCHW: Tensor, shift_B2hw: Tensor, places_1HW2: Tensor) -> Tensor:
    """Every pixel looked up a shift away, given at a quarter of the size, in units of 4 pixels."""
    height, width = places_1HW2.shape[1:3]
    shift = functional.interpolate(
        shift_B2hw, scale_factor=float(UNSHUFFLE), mode="bilinear", align_corners=False
    ).permute(0, 2, 3, 1)
    unit = torch.tensor([2.0 * UNSHUFFLE / width, 2.0 * UNSHUFFLE / height])
    # clamped places and zero padding: the same as padding by the border, and quicker in ONNX
    edge = torch.tensor([1 - 1 / width, 1 - 1 / height])
    at_BHW2 = torch.minimum(torch.maximum(places_1HW2 + shift * unit, -edge), edge)
    return functional.grid_sample(picture_BCHW, at_BHW2, align_corners=False)


def in_own_colours(paint_B4HW: Tensor, warp_B4HW: Tensor) -> Tensor:
    """Paint without colour where the picture has none: black and white stays that, exactly."""
    rgb = warp_B4HW[:, :3]
    spread = (rgb.amax(1) - rgb.amin(1)).mean((1, 2)) / (warp_B4HW[:, 3].mean((1, 2)) + 1e-3)
    share = ((spread - COLOURLESS[0]) / (COLOURLESS[1] - COLOURLESS[0])).clamp(0, 1)
    weights = torch.tensor([0.30, 0.59, 0.11])[None, :, None, None]
    grey = (paint_B4HW[:, :3] * weights).sum(1, keepdim=True)
    colour = grey + (paint_B4HW[:, :3] - grey) * share[:, None, None, None]
    return torch.cat([colour, paint_B4HW[:, 3:]], 1)


class CropPaint(UNet):
    """A U-Net over one window; see the module's first lines."""

    ramp: Tensor
    places: Tensor

    def __init__(
        self,
        width: int,
        height: int,
        channels: tuple[int, int, int],
        flows: int = 2,
        ramp: tuple[int, int, int] = (8, 8, 8),
        moves: bool = False,
    ) -> None:
        """`moves`: the pixels that the paint starts from may be shifted first. What a stranger's
        lips do is not quite what the geometry says; moving them keeps their edges."""
        super().__init__(channels, 128)
        a = channels[0]
        pixels = 4 * UNSHUFFLE**2
        self.register_buffer(
            "ramp", border_ramp(width, height, *ramp)[None, None], persistent=False
        )
        self.motion = nn.Sequential(nn.Linear(52 + CODE, 128), nn.ReLU(), nn.Linear(128, 128))
        self.enter = conv(pixels, a)
        self.remember = conv(FEATURES, a, kernel=1)
        self.follow = conv(flows, a, kernel=1)
        self.top_bias = nn.Linear(128, a)
        self.last = conv(a, a)
        self.out = conv(a, 5 * UNSHUFFLE**2)
        self.shift = conv(a, 2) if moves else None
        if self.shift is not None:
            for parameter in self.shift.parameters():
                nn.init.zeros_(parameter)
            self.register_buffer("places", place_grid(width, height), persistent=False)

    def forward(
        self,
        cut_B4HW: Tensor,
        warp_B4HW: Tensor,
        flow_BFhw: Tensor,
        motion_BD: Tensor,
        feature: Tensor,
        code: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Painted RGBA (B, 4, H, W) in 0..1 (premultiplied) and mask (B, 1, H, W).

        Where `cut`, which the paint starts from, differs from the frame's own `warp`, the mask
        starts out near one: between the lips, and where the tongue lies over them.
        """
        relu = functional.relu
        condition = relu(self.motion(torch.cat([motion_BD[:, :52], code], 1)))
        pixels = functional.pixel_unshuffle(cut_B4HW - 0.5, UNSHUFFLE)
        x = self.enter(pixels) + self.remember(feature) + self.follow(flow_BFhw)
        x = self.through(x + self.top_bias(condition)[..., None, None], condition)
        x = x + relu(self.last(x))
        out = functional.pixel_shuffle(self.out(x), UNSHUFFLE)
        start = cut_B4HW
        if self.shift is not None:
            start = moved(cut_B4HW, self.shift(x).float(), self.places)
        colour = in_own_colours((out[:, :4] * 0.5 + start).clamp(0, 1), warp_B4HW)
        apart = (cut_B4HW - warp_B4HW).abs().amax(1, keepdim=True)
        apart = functional.max_pool2d(apart, 5, 1, 2)
        mask = torch.sigmoid(2.0 * out[:, 4:] + 12.0 * apart) * self.ramp
        return colour, mask * solid(torch.minimum(cut_B4HW, warp_B4HW)[:, 3:])


class Paint(nn.Module):
    """Mouth and both eyes in one graph; the right eye is the left one's mirror image."""

    mirror: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.mouth = CropPaint(*MOUTH_SIZE, (80, 96, 128), flows=4, ramp=(16, 18, 8), moves=True)
        self.eye = CropPaint(*EYE_SIZE, (96, 128, 128))
        self.register_buffer("mirror", torch.tensor(mirrored_names()), persistent=False)

    def forward(
        self,
        mouth_cut: Tensor,
        mouth_warp: Tensor,
        mouth_flow: Tensor,
        eyes_warp: Tensor,
        eyes_flow: Tensor,
        motion_D: Tensor,
        mouth_feature: Tensor,
        mouth_code: Tensor,
        eyes_feature: Tensor,
        eyes_code: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """For one frame: windows (premultiplied RGBA in 0..255) to paint (1|2, 5, H, W) in 0..255.

        The paint is RGBA premultiplied by its alpha and by the mask, then the mask itself. Eyes
        come as a batch of the left and the mirrored right one.
        """
        motion_BD = motion_D[None]
        both_BD = torch.cat([motion_BD, motion_BD[:, self.mirror]])
        cut, warp, eyes = mouth_cut / 255, mouth_warp / 255, eyes_warp / 255
        mouth = self.mouth(cut, warp, mouth_flow, motion_BD, mouth_feature, mouth_code)
        eye = self.eye(eyes, eyes, eyes_flow, both_BD, eyes_feature, eyes_code)
        return _for_drawing(*mouth), _for_drawing(*eye)


def _for_drawing(colour: Tensor, mask: Tensor) -> Tensor:
    return torch.cat([colour * mask, mask], 1) * 255
