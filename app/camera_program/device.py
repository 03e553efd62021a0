# SPDX-License-Identifier: GPL-2.0-or-later
"""Opening a virtual camera, and the words for it when that fails."""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from pathlib import Path
from typing import Any

_QUERYCAP = 0x80685600
_STREAMON = 0x40045612
_TYPE_OUTPUT = 2
_CAP_CAPTURE, _CAP_OUTPUT = 0x1, 0x2
_DEVICES = Path("/sys/devices/virtual/video4linux")

LOAD_REMEDY = (
    "Install and load it: sudo apt-get install v4l2loopback-dkms && sudo modprobe v4l2loopback "
    'exclusive_caps=1 card_label="Personare". With Secure Boot the module must be signed (mokutil).'
)
GROUP_REMEDY = (
    "Join the group that may use cameras, then log in again: sudo usermod -aG video $USER."
)
BUSY_REMEDY = "Close the other program that feeds this camera, or choose another virtual camera."
WINDOWS_REMEDY = (
    "Install OBS Studio 28 or later, which brings the OBS Virtual Camera (start it once from OBS), "
    "or UnityCapture."
)
MACOS_REMEDY = (
    "Install OBS Studio 30 or later in Applications, start its virtual camera once and allow the "
    "extension in System Settings, then close OBS."
)


class CameraRefusedError(Exception):
    """No backend could open the camera; `reasons` has each one's own words."""

    def __init__(self, message: str, remedy: str, reasons: list[str]) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.reasons = reasons


def open_camera(width: int, height: int, fps: float, device: str, ours: bool = False) -> Any:
    """Open `device` ("" is the first found) for I420 pictures; raise CameraRefusedError.

    `ours` tells that it was this application's a moment ago (see `heal`).
    """
    try:
        import pyvirtualcam
    except ImportError as error:
        raise CameraRefusedError(
            "The package pyvirtualcam is missing.",
            "Install it: pip install pyvirtualcam.",
            [str(error)],
        ) from error
    heal(device, ours)
    try:
        return pyvirtualcam.Camera(
            width=width, height=height, fps=fps, fmt=pyvirtualcam.PixelFormat.I420,
            device=device or None,
        )  # fmt: skip
    except Exception as error:
        # pyvirtualcam raises RuntimeError with one line for each backend; its native parts
        # raise what they like.
        reasons = [line.strip() for line in str(error).splitlines() if line.strip()]
        message, remedy = explain(device, reasons)
        raise CameraRefusedError(message, remedy, reasons) from error


def explain(device: str, reasons: list[str]) -> tuple[str, str]:
    """One sentence and a remedy for the user."""
    name = device or "a virtual camera"
    if sys.platform == "win32":
        return f"Windows offers no usable virtual camera ({name}).", WINDOWS_REMEDY
    if sys.platform == "darwin":
        return f"macOS offers no usable virtual camera ({name}).", MACOS_REMEDY
    if device and not Path(device).exists():
        return f"There is no virtual camera {device}.", LOAD_REMEDY
    denied = [d for d in ([device] if device else linux_devices()) if not _may_use(d)]
    if denied:
        return f"You may not use the camera {denied[0]}.", GROUP_REMEDY
    if not device and not linux_devices():
        return "There is no virtual camera: v4l2loopback is not loaded.", LOAD_REMEDY
    if device and device not in linux_devices():
        return f"{device} is not a virtual camera.", LOAD_REMEDY
    detail = reasons[0] if reasons else "no reason given"
    return f"The camera could not be opened: {detail}.".replace("..", "."), BUSY_REMEDY


def linux_devices() -> list[str]:
    """Device files of all v4l2loopback cameras."""
    names = sorted((f.name for f in _DEVICES.glob("video*")), key=lambda n: (len(n), n))
    return [f"/dev/{name}" for name in names]


def heal(device: str, ours: bool = False) -> None:
    """Give a v4l2loopback camera its output side back, where an earlier close took it.

    Driver 0.12 with exclusive_caps=1: a producer that only write()s, as pyvirtualcam does, leaves
    the device with neither side when it closes (v4l2loopback issues 442 and 470). Opening it,
    STREAMON(OUTPUT) and closing restore it, without root. The call itself answers EINVAL there.
    With a reader attached the capture side stays, and the device looks as if a producer were there;
    so unless it was `ours`, devices that have a side are left alone: someone may be using them.
    """
    if not sys.platform.startswith("linux"):
        return
    import fcntl

    for path in [device] if device else linux_devices():
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDWR)
            try:
                sides = _sides(handle) & (_CAP_CAPTURE | _CAP_OUTPUT)
                if sides == 0 or (ours and sides == _CAP_CAPTURE):
                    with contextlib.suppress(OSError):
                        fcntl.ioctl(handle, _STREAMON, struct.pack("i", _TYPE_OUTPUT))
            finally:
                os.close(handle)


def _sides(handle: int) -> int:
    """`device_caps` of struct v4l2_capability (linux/videodev2.h)."""
    import fcntl

    answer = fcntl.ioctl(handle, _QUERYCAP, bytes(104))
    return int(struct.unpack_from("<I", answer, 88)[0])


def _may_use(path: str) -> bool:
    return not Path(path).exists() or os.access(path, os.R_OK | os.W_OK)
