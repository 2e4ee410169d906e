"""Answers to forms that were sent, kept for as long as somebody may send one again by mistake."""

from datetime import datetime, timedelta

from .models import RequestAnswer

KEPT = timedelta(days=1)


def forget_answers(*, now: datetime) -> None:
    """Delete the answers older than KEPT."""
    RequestAnswer.objects.filter(answered_at__lt=now - KEPT).delete()
