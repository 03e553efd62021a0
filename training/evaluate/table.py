"""The rows of an evaluation: what is measured, the bar, the figure, the best peer, the verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HEAD = ("what", "bar", "measured", "best shipped peer", "verdict")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `met` is None where there is no bar, or nothing could be measured (`measured` says why).
    `peer` is quoted, never measured here. `figures` are the numbers behind `measured`.
    """

    what: str
    bar: str
    measured: str
    met: bool | None
    peer: str = ""
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """`met`, `NOT MET` or `-`."""
        if self.met is None:
            return "-"
        return "met" if self.met else "NOT MET"

    def cells(self) -> tuple[str, str, str, str, str]:
        """In the order of HEAD."""
        return self.what, self.bar, self.measured, self.peer, self.verdict


def markdown(rows: Sequence[Row]) -> str:
    """A table in Markdown."""
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def write_json(rows: Sequence[Row], file: Path, about: dict[str, Any]) -> None:
    """All rows with their figures, and what was measured with which command."""
    content = {
        "about": about,
        "rows": [
            {
                "what": row.what,
                "bar": row.bar,
                "measured": row.measured,
                "peer": row.peer,
                "met": row.met,
                "figures": row.figures,
            }
            for row in rows
        ],
    }
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
