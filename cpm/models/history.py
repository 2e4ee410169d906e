"""Versions of the rows that program managers and CSRs change."""

from __future__ import annotations

from typing import Any

import pghistory


def history_of(model_name: str) -> Any:
    """Keep every version of a row, with the person who changed it; append-only by trigger."""
    return pghistory.track(
        model_name=model_name,
        obj_field=pghistory.ObjForeignKey(related_name="changes"),
        context_field=pghistory.ContextJSONField(),
        context_id_field=None,  # type: ignore[arg-type]  # its documentation names None; its types don't
    )
