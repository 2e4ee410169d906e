"""The client of a CPM from outside: what DERMS posts to the reference system's interfaces."""

from .stages import post_outcomes, post_reservations, post_stage_status

__all__ = ["post_outcomes", "post_reservations", "post_stage_status"]
