"""What the networks of the frame package are built from."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


def conv(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Conv2d:
    """A convolution that keeps the size (divided by its stride)."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)


class Film(nn.Module):
    """A convolution whose output is scaled and shifted by the condition."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.conv = conv(channels, channels)
        self.affine = nn.Linear(condition, 2 * channels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Residual block."""
        scale, shift = self.affine(condition)[..., None, None].chunk(2, 1)
        return x + functional.relu(self.conv(x) * (1 + scale) + shift)


class UNet(nn.Module):
    """A U-Net over three sizes that a condition steers: what is between a network's first layer,
    which makes `channels[0]` of what it sees, and its last. Networks derive from it, so that its
    weights keep the names that checkpoints and packages have."""

    def __init__(self, channels: tuple[int, int, int], condition: int) -> None:
        super().__init__()
        a, b, c = channels
        self.top = conv(a, a)
        self.down_1 = conv(a, b, 2)
        self.mid = Film(b, condition)
        self.down_2 = conv(b, c, 2)
        self.low_1 = Film(c, condition)
        self.low_2 = Film(c, condition)
        self.up_2 = conv(c, b, kernel=1)
        self.join_2 = conv(b, b)
        self.up_1 = conv(b, a, kernel=1)
        self.join_1 = conv(a, a)

    def through(self, x_BAHW: Tensor, condition: Tensor, drop: nn.Module | None = None) -> Tensor:
        """The same shape as `x`; `drop` is applied to the deep channels."""
        relu = functional.relu
        skip_1 = relu(x_BAHW)
        skip_1 = skip_1 + relu(self.top(skip_1))
        skip_2 = self.mid(relu(self.down_1(skip_1)), condition)
        low = relu(self.down_2(skip_2))
        low = low if drop is None else drop(low)
        low = self.low_2(self.low_1(low, condition), condition)
        x = functional.interpolate(self.up_2(low), scale_factor=2.0, mode="nearest") + skip_2
        x = x + relu(self.join_2(x))
        x = functional.interpolate(self.up_1(x), scale_factor=2.0, mode="nearest") + skip_1
        return x + relu(self.join_1(x))
