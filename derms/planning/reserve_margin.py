"""The reserve margin in generated plans: Schedule reserves it above each target, so a plan counts it from the start."""

from dataclasses import replace

from derms.models import Event

from .generating.problem import Plan

NOTHING = 1e-6  # of what is needed: a plan's own tolerance


def with_margin(event: Event) -> float:
    """Return by what Schedule multiplies a target of the event: choosing.wanted_w."""
    return 1 + event.type.reserve_margin_pct / 100


def without_margin(plan: Plan, factor: float) -> Plan:
    """Return a plan whose need had the margin, with what is needed and missing without it: devices that are missing
    use up the margin first. `factor` is that of with_margin."""
    need = tuple(kw / factor for kw in plan.need_kw)
    short = (missing - kw * (factor - 1) for missing, kw in zip(plan.missing_kw, need, strict=True))
    missing = tuple(kw if kw > NOTHING * max(need) else 0.0 for kw in short)
    if not any(missing):
        return replace(plan, need_kw=need, missing_kw=missing, reasons=())
    share = sum(missing) / sum(plan.missing_kw)
    reasons = tuple(one._replace(kwh=one.kwh * share) for one in plan.reasons)
    return replace(plan, need_kw=need, missing_kw=missing, reasons=reasons)
