"""A program's rules over time: those of a season are entered ahead, and the day of a stage picks them."""

from collections.abc import Iterable
from datetime import date
from typing import Self

from pydantic import Field, model_validator

from .contract import Contract
from .program_rules import ProgramRules


class DatedRules(Contract):
    """Rules that replace a program's own ones on the days from `effective_on` to `expires_on`, both included."""

    effective_on: date = Field(description="The first local day on which a stage may start under these rules.")
    expires_on: date | None = Field(default=None, description="The last such day; null: until others take effect.")
    rules: ProgramRules = Field(description="The rules of those days, all of them.")

    @model_validator(mode="after")
    def _expires_after_it_takes_effect(self) -> Self:
        if self.expires_on and self.expires_on < self.effective_on:
            raise ValueError(f"rules of {self.effective_on} can't expire before, on {self.expires_on}")
        return self

    def hold_on(self, day: date) -> bool:
        return self.effective_on <= day and (self.expires_on is None or day <= self.expires_on)


def rules_on(day: date, rules: ProgramRules, dated: Iterable[DatedRules]) -> ProgramRules:
    """The rules of a day: of the dated ones that hold, those that took effect last; if none do, the program's own."""
    holding = [one for one in dated if one.hold_on(day)]
    return max(holding, key=lambda one: one.effective_on).rules if holding else rules
