"""The reference convolution: 3x3, 64 to 64 channels, 128x128, fp32.

It serves twice. A provider is believed only after this ran on it with the right result, and its
time stands beside every measured figure, so that figures of different machines compare. The model
is encoded here by hand (protobuf wire format of onnx.proto, IR version 8, opset 17), so that the
app needs no `onnx` package.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from inference.contract import Float32Array

CHANNELS: Final[int] = 64
SIDE: Final[int] = 128
FLOP: Final[int] = 2 * 9 * CHANNELS * CHANNELS * SIDE * SIDE
"""Floating-point operations of one run, a multiply and an add counting two."""

_FLOAT = 1
_ATTRIBUTE_INTS = 7


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, content: bytes | str) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _ints(name: str, values: tuple[int, ...]) -> bytes:
    body = b"".join(_number(8, value) for value in values)
    return _message(1, name) + body + _number(20, _ATTRIBUTE_INTS)


def _tensor_info(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_message(1, _number(1, size)) for size in shape)
    tensor_type = _number(1, _FLOAT) + _message(2, dims)
    return _message(1, name) + _message(2, _message(1, tensor_type))


def weights() -> Float32Array:
    """The fixed weights, shape (64, 64, 3, 3), small enough to keep the output near unit size."""
    rng = np.random.default_rng(2026)
    weight_OIHW = rng.standard_normal((CHANNELS, CHANNELS, 3, 3)) / np.sqrt(9 * CHANNELS)
    return np.asarray(weight_OIHW, np.float32)


def example_input() -> Float32Array:
    """The fixed input, shape (1, 64, 128, 128)."""
    rng = np.random.default_rng(64)
    return rng.standard_normal((1, CHANNELS, SIDE, SIDE)).astype(np.float32)


def expected_corner() -> Float32Array:
    """The 64 output values at row 1, column 1, computed by numpy: proof that a run is right."""
    patch_IHW = example_input()[0, :, 0:3, 0:3].astype(np.float64)
    corner_O = np.einsum("oihw,ihw->o", weights().astype(np.float64), patch_IHW)
    return np.asarray(corner_O, np.float32)


def model_bytes() -> bytes:
    """The ONNX model: input `x` and output `y`, both (1, 64, 128, 128) float32."""
    shape = (1, CHANNELS, SIDE, SIDE)
    node = (
        _message(1, "x")
        + _message(1, "w")
        + _message(2, "y")
        + _message(4, "Conv")
        + _message(5, _ints("kernel_shape", (3, 3)))
        + _message(5, _ints("pads", (1, 1, 1, 1)))
    )
    weight = (
        b"".join(_number(1, size) for size in (CHANNELS, CHANNELS, 3, 3))
        + _number(2, _FLOAT)
        + _message(8, "w")
        + _message(9, weights().astype("<f4").tobytes())
    )
    graph = (
        _message(1, node)
        + _message(2, "reference_convolution")
        + _message(5, weight)
        + _message(11, _tensor_info("x", shape))
        + _message(12, _tensor_info("y", shape))
    )
    opset = _message(1, "") + _number(2, 17)
    return _number(1, 8) + _message(7, graph) + _message(8, opset)
