"""What is behind a person: gradients, rooms, lights of a street out of focus, drawn patterns.

All painted by code. Pictures are float RGB (sRGB, 0..1).
"""

from __future__ import annotations

import cv2
import numpy as np

from inference.contract import Float32Array
from training.people.spec import FigureSpec


def _colour(rng: np.random.Generator, bright: float, vivid: float) -> Float32Array:
    tone = rng.normal(0, vivid, 3)
    return np.clip(bright * np.exp(tone - tone.mean()), 0, 1).astype(np.float32)


def _grid(size: int) -> tuple[Float32Array, Float32Array]:
    at = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = np.meshgrid(at, at)
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def background(figure: FigureSpec, rng: np.random.Generator, size: int) -> Float32Array:
    """One background (size, size, 3)."""
    drawn = figure.look == "drawn"
    makers = (_gradient, _room, _bokeh, _clouds, _plain)
    weights = (0.2, 0.3, 0.2, 0.15, 0.15) if not drawn else (0.3, 0.15, 0.15, 0.2, 0.2)
    if figure.variant == "studio":
        weights = (0.6, 0.0, 0.0, 0.0, 0.4)
    maker = makers[int(rng.choice(len(makers), p=weights))]
    picture = maker(rng, size)
    if drawn and rng.random() < 0.25:
        picture = _pattern(rng, picture)
    return np.clip(picture, 0, 1).astype(np.float32)


def _plain(rng: np.random.Generator, size: int) -> Float32Array:
    out = np.empty((size, size, 3), np.float32)
    out[:] = _colour(rng, float(rng.uniform(0.05, 1.0)), 0.25)
    return out


def _gradient(rng: np.random.Generator, size: int) -> Float32Array:
    x, y = _grid(size)
    first, second = (_colour(rng, float(rng.uniform(0.15, 0.95)), 0.3) for _ in range(2))
    if rng.random() < 0.5:
        share = np.clip(np.hypot(x - rng.uniform(0.2, 0.8), y - rng.uniform(0.2, 0.7)) / 0.8, 0, 1)
    else:
        angle = rng.uniform(0, 2 * np.pi)
        share = np.clip(0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle), 0, 1)
    return (first + share[..., None] * (second - first)).astype(np.float32)


def _room(rng: np.random.Generator, size: int) -> Float32Array:
    """Walls, shelves, a window, a lamp, out of focus by chance."""
    out = np.empty((size, size, 3), np.float32)
    wall = _colour(rng, float(rng.uniform(0.2, 0.85)), 0.12)
    out[:] = wall
    corner = int(rng.uniform(-0.3, 1.3) * size)
    if 0 < corner < size:
        out[:, corner:] *= float(rng.uniform(0.7, 1.2))
    for _ in range(int(rng.integers(0, 3))):
        _shelf(out, rng)
    if rng.random() < 0.5:
        x, y = (int(v) for v in rng.uniform(-0.2, 0.8, 2) * size)
        w, h = (int(v) for v in rng.uniform(0.2, 0.5, 2) * size)
        light = _colour(rng, 0.98, 0.06).tolist()
        cv2.rectangle(out, (x, y), (x + w, y + h), light, -1)
        frame = (wall * rng.uniform(0.4, 1.3)).tolist()
        cv2.rectangle(out, (x, y), (x + w, y + h), frame, max(size // 60, 1))
        cv2.line(out, (x + w // 2, y), (x + w // 2, y + h), frame, max(size // 80, 1))
    for _ in range(int(rng.integers(0, 4))):
        x, y = (int(v) for v in rng.uniform(0, 1, 2) * size)
        radius = int(rng.uniform(0.02, 0.10) * size)
        cv2.circle(out, (x, y), radius, _colour(rng, float(rng.uniform(0.3, 1)), 0.4).tolist(), -1)
    xs, ys = _grid(size)
    fall = 1 - rng.uniform(0, 0.5) * np.hypot(xs - rng.uniform(0, 1), ys - rng.uniform(0, 0.6))
    out *= fall[..., None].astype(np.float32)
    return _blurred(out, float(rng.choice([0.6, 3, 6, 10])) * size / 256)


def _shelf(out: Float32Array, rng: np.random.Generator) -> None:
    size = len(out)
    x, y = (int(v) for v in rng.uniform(-0.1, 0.8, 2) * size)
    w, h = int(rng.uniform(0.2, 0.6) * size), int(rng.uniform(0.10, 0.22) * size)
    at = x
    while at < x + w:
        wide = int(rng.uniform(0.012, 0.05) * size) + 1
        tall = int(h * rng.uniform(0.6, 1.0))
        tone = _colour(rng, float(rng.uniform(0.1, 0.8)), 0.45).tolist()
        cv2.rectangle(out, (at, y + h - tall), (at + wide, y + h), tone, -1)
        at += wide + int(rng.integers(0, 2))
    wood = _colour(rng, float(rng.uniform(0.1, 0.6)), 0.2).tolist()
    cv2.rectangle(out, (x, y + h), (x + w, y + h + max(size // 60, 1)), wood, -1)


def _bokeh(rng: np.random.Generator, size: int) -> Float32Array:
    """Discs of light over a dark or green blur, as outdoors."""
    out = _clouds(rng, size) * float(rng.uniform(0.25, 0.9))
    radius = rng.uniform(0.015, 0.07) * size
    for _ in range(int(rng.integers(6, 40))):
        x, y = (int(v) for v in rng.uniform(-0.05, 1.05, 2) * size)
        own = max(int(radius * rng.uniform(0.7, 1.3)), 1)
        disc = np.zeros(out.shape[:2], np.float32)
        cv2.circle(disc, (x, y), own, 1.0, -1, cv2.LINE_AA)
        out += disc[..., None] * _colour(rng, float(rng.uniform(0.1, 0.6)), 0.4)
    return _blurred(np.clip(out, 0, 1.5), size / 256 * float(rng.uniform(0.5, 3)))


def _clouds(rng: np.random.Generator, size: int) -> Float32Array:
    """Smooth noise of a few colours."""
    first, second = (_colour(rng, float(rng.uniform(0.1, 0.9)), 0.35) for _ in range(2))
    noise = np.zeros((size, size), np.float32)
    for cells in (3, 6, 14):
        coarse = rng.normal(size=(cells, cells)).astype(np.float32)
        fine = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
        noise += np.asarray(fine, np.float32) / cells**0.5
    share = np.clip(0.5 + noise * 0.3, 0, 1)[..., None]
    out: Float32Array = (first + share * (second - first)).astype(np.float32)
    return out


def _pattern(rng: np.random.Generator, picture: Float32Array) -> Float32Array:
    """Stripes, dots or rays over a background."""
    size = len(picture)
    x, y = _grid(size)
    kind, step = int(rng.integers(3)), float(rng.uniform(0.04, 0.15))
    if kind == 0:
        wave = np.sin((x + y * float(rng.uniform(-1, 1))) / step * np.pi)
    elif kind == 1:
        wave = np.cos(x / step * np.pi) + np.cos(y / step * np.pi) - 0.9
    else:
        wave = np.sin(np.arctan2(y - 0.6, x - 0.5) * int(rng.integers(8, 24)))
    edge = np.clip(wave * size * step * 0.4 + 0.5, 0, 1)[..., None]
    return (picture * (1 + float(rng.uniform(-0.25, 0.25)) * edge)).astype(np.float32)


def _blurred(picture: Float32Array, sigma: float) -> Float32Array:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.3)), np.float32)
