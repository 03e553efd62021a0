"""The renderer's programs, put together from the pieces in `glsl/`.

There is one small program per material, since llvmpipe dislikes branches. Every fragment writes
premultiplied colour, so that multisampling and fading layers stay right. Lighting: a shadowed key
light per pixel, a rim light, and the room as spherical harmonics per vertex, times baked
occlusion. Skin wraps light per colour (red travels furthest under skin).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).with_name("glsl")
_MATERIALS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "skin": ("skin", {}),
    "eye": ("eye", {}),
    "cornea": ("cornea", {}),
    "teeth": ("teeth", {}),
    "tongue": ("tongue", {}),
    "cloth": ("cloth", {"LIFT": ".10"}),  # sleeves lie close upon arms, which would shade them
    "hair_solid": ("hair", {"HAIR": "1", "SOLID": "1"}),
    "hair_soft": ("hair", {"HAIR": "1"}),
    "brows": (
        "threads",
        {"STRENGTH": "1.05", "COLOUR": "colour * clamp(pow(grey / brightness, .75), .2, 2.)"},
    ),
    "toon": ("toon", {"LIFT": ".03"}),
    "drawn": ("drawn", {"LIFT": ".05"}),  # its normals are not the shape's own
    "fur": ("fur", {}),
    "gloss": ("gloss", {}),
    "lens": ("lens", {}),
    "lashes": ("threads", {"STRENGTH": ".85", "COLOUR": "vec3(.012, .009, .008)"}),
}


def _program(defines: dict[str, str], *pieces: str) -> str:
    head = "".join(f"#define {name} {value}\n" for name, value in defines.items())
    body = "".join((_FOLDER / f"{piece}.glsl").read_text(encoding="utf8") for piece in pieces)
    return f"#version 330\n{head}{body}"


def material_programs() -> dict[str, tuple[str, str]]:
    """Vertex and fragment source of each material."""
    return {
        name: (_program(defines, "scene", "vertex"), _program(defines, "scene", "fragment", piece))
        for name, (piece, defines) in _MATERIALS.items()
    }


def plain_program(name: str, vertex: str) -> tuple[str, str]:
    """Vertex and fragment source of `depth` (shadows, occluders), `values` or `ids`."""
    return _program({}, f"{vertex}_vertex"), _program({}, f"{name}_fragment")
