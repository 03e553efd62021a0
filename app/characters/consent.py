"""The record of why a face may be used, kept in the character it was given for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

STATEMENTS: Final[dict[str, str]] = {
    "own": "The picture shows the person who imported it.",
    "permission": "The person shown gave permission to the person who imported the picture.",
    "synthetic": "The picture shows nobody real: it was drawn or generated.",
    "public-domain": "The picture is in the public domain.",
}
"""What the person who imports a picture states by each kind of consent."""
FURTHER: Final = " The same is stated of the further pictures."
"""What is added where references came with it."""


def consent_record(
    kind: str, picture: bytes, references: Sequence[bytes] = (), now: datetime | None = None
) -> dict[str, Any]:
    """What `character.json` keeps: the statement, when it was made, and for which pictures.

    Pictures are told by their SHA-256 alone: neither their names nor places are written down.
    """
    when = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    record: dict[str, Any] = {
        "kind": kind,
        "statement": STATEMENTS[kind],
        "stated": when.isoformat(),
        "picture_sha256": hashlib.sha256(picture).hexdigest(),
    }
    if references:
        record["statement"] += FURTHER
        record["references_sha256"] = [hashlib.sha256(each).hexdigest() for each in references]
    return record
