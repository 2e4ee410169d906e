"""What the API says of alerts and messages: each field's type, and what it means."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field


class AlertRow(Schema):
    """Something a person must look at."""

    last_time: datetime = Field(description="When it happened last.")
    priority: Literal["high", "medium", "low"] = Field(description="How soon somebody should look.")
    kind: str = Field(description="Its kind.")
    what: str = Field(description="What happened.")
    what_to_do: str = Field(description="What can be done about it.")
    times: int = Field(description="How often it happened.")
    since: datetime = Field(description="When it happened first.")
    acknowledged_at: datetime | None = Field(description="When somebody took it on; null: nobody has.")
    acknowledged_by: str = Field(description="Who took it on; else empty.")
    note: str = Field(description="What they noted; else empty.")
    archived_at: datetime | None = Field(description="When it was archived or its cause went away; null: it is open.")
    archived_by: str = Field(description="Who archived it; else empty.")


class MessageRow(Schema):
    """A message on its way to one receiver."""

    message: UUID = Field(description="The message's uid.")
    kind: str = Field(description="Its kind.")
    from_: str = Field(alias="from", description="The system that sent it.")
    to: str = Field(description="The system that receives it.")
    subject: str = Field(description="What it is about.")
    part: int | None = Field(description="The part of a bulk message; null: it has none.")
    sent_at: datetime = Field(description="When it was sent.")
    delivered_at: datetime | None = Field(description="When the receiver had applied it; null: it has not.")
    attempts: int = Field(description="How often it was tried.")
    state: Literal["Delivered", "Discarded", "Dead", "Open"] = Field(description="Its state.")
    error: str = Field(description="Why the last attempt failed; else empty.")
