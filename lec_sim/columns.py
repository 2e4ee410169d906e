"""The columns of Live Energy Connect's lists."""

from urllib.parse import urlsplit

from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, Columns
from integration.pages.templatetags.gridcall import badge, clock, number, percent_of, when, window
from integration.seam.recorded import in_words

from .models import Announcement, Callback, HeadEndProfile, LecStage, VenReport
from .queries.silent import SilentDevice
from .queries.stages import Progress


def _window(stage: LecStage) -> SafeString:
    return window(stage.starts_at, stage.ends_at)


RUNNING = Columns[Progress](
    "lec_sim/stage_list.html",
    Column(_("Stage"), lambda progress: in_words(progress.stage), phone="title"),
    Column(_("State"), lambda progress: badge(progress.stage.state), phone="side"),
    Column(_("Window"), lambda progress: _window(progress.stage), phone=""),
    Column(_("Control"), "running-control", phone="off"),
    Column(_("Ends in"), "ends-in", css="num"),
    Column(_("Called"), lambda p: f"{number(p.stage.called)} / {number(p.stage.reserved)}", css="num"),
    Column(_("Answered"), "answered", css="num"),
    Column(_("Rejected"), lambda progress: number(progress.rejected), css="num", phone="start label"),
    Column(_("Overridden"), lambda progress: number(progress.overridden), css="num", phone="end label"),
)

DUE = Columns[LecStage](
    "lec_sim/stage_list.html",
    Column(_("Stage"), lambda stage: in_words(stage), phone="title"),
    Column(_("State"), lambda stage: badge(stage.state), phone="side"),
    Column(_("Window"), _window, phone=""),
    Column(_("Control"), "control", phone="off"),
    Column(_("Starts in"), "starts-in", css="num"),
    Column(_("Reserved"), "reserved", css="num"),
)

SILENT = Columns[SilentDevice](
    "lec_sim/silent.html",
    Column(_("Head end"), lambda device: device.head_end, value=lambda device: device.head_end),
    Column(_("NIC id"), lambda device: device.nic_id, value=lambda device: device.nic_id, phone="title"),
    Column(_("Called at"), lambda device: when(device.called_at), value=lambda device: device.called_at),
)

HEAD_ENDS = Columns[HeadEndProfile](
    "lec_sim/stage_list.html",
    Column(_("Head end"), "head-end", phone="title"),
    Column(_("Protocol"), lambda profile: profile.protocol or None),
    Column(_("Client"), lambda profile: profile.client or None),
    Column(_("Contact"), lambda profile: profile.contact or None),
    Column(_("Capacity, devices"), lambda p: None if p.capacity is None else number(p.capacity), css="num"),
    Column(_("Mean answer"), "mean-answer", css="num"),
    Column(_("Offline"), lambda profile: percent_of(profile.offline_share, 1), css="num"),
    Column(_("Rejects"), lambda profile: percent_of(profile.reject_share, 1), css="num"),
    Column(_("Overrides per hour"), "overrides", css="num"),
    Column(_("Seed"), lambda profile: profile.seed, css="num"),
    Column(_("Fault"), "fault", phone="side"),
)

TOLD = Columns[Announcement](
    "lec_sim/head_end.html",
    Column(_("Stage"), lambda told: in_words(told.stage), phone="title"),
    Column(_("State"), lambda told: badge(told.stage.state), phone="side"),
    Column(_("Window"), lambda told: _window(told.stage), phone=""),
    Column(_("Devices"), lambda told: number(told.devices), css="num"),
    Column(_("Published"), lambda told: when(told.created_at)),
    Column(_("First read"), lambda told: when(told.first_read_at)),
    Column(_("Up to date"), "up-to-date"),
    Column(_("Answered"), lambda told: number(told.answered), css="num"),  # type: ignore[attr-defined]  # told_of()
    Column(_("Reports"), lambda told: number(told.report_count), css="num"),  # type: ignore[attr-defined]  # likewise
)

CALLBACKS = Columns[Callback](
    "lec_sim/head_end.html",
    Column(_("Client name"), lambda one: one.subscription.client_name, phone="title"),
    Column(_("State"), lambda one: badge(one.webhook.state), phone="side"),
    Column(_("Host"), lambda one: urlsplit(one.webhook.url).hostname, phone=""),
    Column(_("Objects"), lambda one: ", ".join(one.objects_told), phone=""),
    Column(_("Operations"), lambda one: ", ".join(one.operations), phone=""),
    Column(_("Last delivered"), lambda one: when(one.webhook.delivered_at)),
)

REPORTS = Columns[VenReport](
    "lec_sim/head_end.html",
    Column(_("Report"), lambda report: report.name or report.client_name, phone="title"),
    Column(_("Stage"), lambda report: in_words(report.stage), phone=""),
    Column(_("Sent"), lambda report: when(report.modified_at)),
    Column(_("Devices"), lambda report: number(report.resources), css="num"),
    Column(_("In time"), "in-time"),
)

PAST = Columns[LecStage](
    "lec_sim/stage_list.html",
    Column(_("Stage"), lambda stage: in_words(stage), phone="title"),
    Column(_("State"), "state", phone="side"),
    Column(_("Window"), _window, phone=""),
    Column(_("Started"), lambda stage: clock(stage.started_at), phone="off"),
    Column(_("Ended"), lambda stage: clock(stage.ended_at), phone="off"),
    Column(_("Reserved"), lambda stage: number(stage.reserved), css="num", phone="start label"),
    Column(_("Called"), lambda stage: number(stage.called), css="num", phone="end label"),
    Column(
        _("Outcomes handed over"),
        lambda stage: when(stage.handed_over_at),
        phone_label=_("Handed over"),
    ),
)
