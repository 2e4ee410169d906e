"""The kinds of changes that webhooks announce. docs/reference/webhooks.md explains each body."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EVENT, STAGE, OUTCOME, ENROLLMENT, ALERT = "event", "stage", "outcome", "enrollment", "alert"
TEST = "test"  # nobody subscribes to it: a person sends it


class NoticeKind(NamedTuple):
    """What people read about one kind, and the permission that a webhook's owner needs to be told of it."""

    label: str | Promise
    permission: str


KINDS: dict[str, NoticeKind] = {
    EVENT: NoticeKind(_("Event state"), "derms.view_event"),
    STAGE: NoticeKind(_("Stage state"), "derms.view_event"),
    OUTCOME: NoticeKind(_("Outcomes of a stage"), "derms.view_event"),
    ENROLLMENT: NoticeKind(_("Enrollment"), "cpm.view_enrollment"),
    ALERT: NoticeKind(_("Alert"), "integration.view_alert"),
}
