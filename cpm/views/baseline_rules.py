"""How a program's baselines are made, in versions."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from cpm.models.measuring import BaselineRule
from cpm.models.programs import Program
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.editing import Editing
from integration.pages.http import SignedInRequest
from integration.seam import clock

from .. import operations
from ..forms import BaselineRuleForm
from ..pages.baseline_rules import placebo_rows


@ACTING
@allow("cpm.change_program")
@acts_once
def baseline_rules(request: SignedInRequest, code: str) -> HttpResponse:
    """The versions of a program's method, how each method is biased, and the next version."""
    program = get_object_or_404(Program, code=code)
    rules = list(program.baseline_rules.order_by("-number"))

    def make(typed: QueryDict | None, row: BaselineRule | None) -> list[Any]:
        seen = rules[0].number if rules else 0
        return [BaselineRuleForm(typed, instance=BaselineRule(**_settings(rules)), initial={"seen": seen})]

    editing = Editing[Any](request, None, make)
    if editing.is_valid():
        given = editing.forms[0].cleaned_data
        operations.add_baseline_rule(
            program_id=program.pk,
            seen=given.pop("seen"),
            fields=given,
            by=request.user.username,
            now=clock.now(),
        )
        messages.success(
            request, _("The method is saved: it counts for events from %(day)s on.") % {"day": given["effective_on"]}
        )
        return redirect("cpm:baseline_rules", code)
    context = {
        "program": program,
        "rules": rules,
        "ready": BaselineRule(),
        "form": editing.forms[0],
        "editing": editing,
        "placebo": placebo_rows(),
    }
    return render(request, "cpm/baseline_rules.html", context, status=editing.status)


def _settings(rules: list[BaselineRule]) -> dict[str, Any]:
    """What the latest rule says, for the next one; without any, the ready one."""
    names = BaselineRuleForm.Meta.fields[1:]
    return {name: getattr(rules[0], name) for name in names} if rules else {}
