"""Installed devices. One that is taken out and installed again is a new row."""

from django.utils.translation import gettext_lazy as _

from cpm.choices import DeviceClass
from integration.importing.dates import Moment
from integration.importing.kinds import Applying, Column, Kind, Locks, Reference
from integration.importing.values import Choice, Code, Flag, Text, Whole
from integration.seam.filling import filling
from integration.seam.messages import MOST_W
from integration.seam.recorded import recorded
from integration.seam.sql import compose

from .customers import LOCATION_NAMES

NO_LOCATION = recorded("There is no device location “%(value)s”. Near it: %(near)s.")
NO_HEAD_END = recorded("There is no head end system “%(value)s”. Near it: %(near)s.")
REGISTERED = recorded("DERMS knows the device otherwise (%(value)s). End its enrollment first, then enroll it anew.")

CLASSES = Choice(
    tuple(DeviceClass.values),
    {
        "Thermostat": "thermostat", "ac": "thermostat", "hvac": "thermostat", "Klimaanlage": "thermostat",
        "wh": "water_heater", "Boiler": "water_heater", "Warmwasser": "water_heater",
        "Warmwasserspeicher": "water_heater", "ev": "ev_charger", "charger": "ev_charger", "evse": "ev_charger",
        "Wallbox": "ev_charger", "Ladestation": "ev_charger", "Batterie": "battery", "Speicher": "battery",
        "storage": "battery",
    },
)  # fmt: skip
NIC_NAMES = ("nic", "device_id", "device", "Gerätekennung", "Geräte_ID")
HEAD_END_NAMES = ("head_end_code", "head_end_system", "headend", "hes", "aggregator", "Kopfstelle")
SAME_DEVICE = recorded("It is device %(other)s, written in other letters. Correct the NIC id.")
_CURRENT = """
SELECT d.head_end, d.nic_id, l.service_point, d.device_class, d.model, d.rated_w::bigint, d.critical_care,
       d.installed_at, d.make, d.serial_number
  FROM cpm_device d JOIN cpm_devicelocation l ON l.id = d.location_id WHERE d.ended_at IS NULL
"""
_CHANGE = """
UPDATE cpm_device t
   SET location_id = l.id, device_class = c.device_class, model = c.model, rated_w = c.rated_w,
       critical_care = c.critical_care, installed_at = coalesce(c.installed_at, %(now)s), make = c.make,
       serial_number = c.serial_number,
       version = t.version + 1, saved_by = '', saved_at = %(now)s
  FROM {changes} c JOIN cpm_devicelocation l ON l.service_point = c.service_point AND l.service_point <> ''
 WHERE c.outcome = 'changed' AND t.head_end = c.head_end AND t.nic_id = c.nic_id AND t.ended_at IS NULL
"""
_ADD = """
INSERT INTO cpm_device (head_end, nic_id, location_id, device_class, model, rated_w, critical_care, installed_at, make,
                        serial_number)
SELECT c.head_end, c.nic_id, l.id, c.device_class, c.model, c.rated_w, c.critical_care,
       coalesce(c.installed_at, %(now)s), c.make, c.serial_number
  FROM {changes} c JOIN cpm_devicelocation l ON l.service_point = c.service_point AND l.service_point <> ''
 WHERE c.outcome = 'added'
 -- Extracts are read in this order.
 ORDER BY c.nic_id
"""
_INSTALLED_OTHERWISE = """
SELECT s.line, 'nic_id'::text, s.nic_id::text, replace({pattern}, '%%(other)s', d.head_end || '/' || d.nic_id)
  FROM {staged} s
  JOIN cpm_device d ON d.head_end = s.head_end AND upper(d.nic_id) = upper(s.nic_id) AND d.ended_at IS NULL
 WHERE d.nic_id <> s.nic_id
"""
_IN_FILE_OTHERWISE = """
SELECT s.line, 'nic_id'::text, s.nic_id::text, replace({pattern}, '%%(other)s', twice.head_end || '/' || twice.other)
  FROM {staged} s
  JOIN (SELECT head_end, upper(nic_id) AS nic_id, min(nic_id) AS other FROM {staged}
         GROUP BY 1, 2 HAVING min(nic_id) <> max(nic_id)) twice
    ON twice.head_end = s.head_end AND twice.nic_id = upper(s.nic_id)
 WHERE s.nic_id <> twice.other
"""
_REGISTERED = """
SELECT s.line, 'rated_w'::text, s.rated_w::text,
       replace({pattern}, '%%(value)s', concat_ws(', ', t.service_point, t.device_class, t.rated_w || ' W'))
  FROM {staged} s JOIN ({current}) t ON t.head_end = s.head_end AND t.nic_id = s.nic_id
   AND (t.service_point, t.device_class, t.rated_w, t.critical_care)
    <> (s.service_point, s.device_class, s.rated_w, coalesce(s.critical_care, t.critical_care))
 WHERE EXISTS (SELECT FROM cpm_device d JOIN cpm_subscribeddevice sd ON sd.device_id = d.id
                 JOIN cpm_subscription u ON u.id = sd.subscription_id
                WHERE d.head_end = s.head_end AND d.nic_id = s.nic_id AND d.ended_at IS NULL AND u.ends_at IS NULL
                  AND sd.answer <> 'Error')
"""
# Of a device that moves, the place that it leaves, too.
_PLACES = """
SELECT l.id FROM {changes} c JOIN cpm_devicelocation l ON l.service_point = c.service_point WHERE l.service_point <> ''
 UNION ALL
SELECT d.location_id
  FROM {changes} c JOIN cpm_device d ON d.head_end = c.head_end AND d.nic_id = c.nic_id AND d.ended_at IS NULL
"""


def write_devices(applying: Applying) -> None:
    with filling("cpm_device", rows=applying.added):
        applying.write(_CHANGE, _ADD)
    applying.analyze("cpm_device")


DEVICES = Kind(
    name="devices",
    label=_("Devices"),
    columns=(
        Column(
            "head_end",
            _("Head end system"),
            Code(40),
            HEAD_END_NAMES,
            _("Its code."),
            refers=Reference("cpm_headend", "code", NO_HEAD_END, is_copy=True),
        ),
        Column("nic_id", _("NIC id"), Code(40), NIC_NAMES, _("By which the head end system knows the device.")),
        Column(
            "service_point",
            _("Service point"),
            Code(40),
            LOCATION_NAMES,
            _("Where it is installed."),
            refers=Reference("cpm_devicelocation", "service_point", NO_LOCATION),
        ),
        Column("device_class", _("Class"), CLASSES, ("class", "device_type", "Geräteklasse", "Geräteart")),
        Column("model", _("Model"), Text(60), ("device_model", "Modell", "Gerätetyp")),
        Column("rated_w", _("Rated power, W"), Whole(1, MOST_W), ("rated_power_w", "watts", "Nennleistung_W")),
        Column(
            "critical_care",
            _("Critical care"),
            Flag(),
            ("life_support", "Lebenserhaltend"),
            default="f",
            is_required=False,
        ),
        Column(
            "installed_at",
            _("Installed"),
            Moment(),
            ("installed", "installation_date", "Einbaudatum"),
            _("If the file has none: now."),
            may_lack=True,
        ),
        Column(
            "make",
            _("Make"),
            Text(60),
            ("manufacturer", "vendor", "Hersteller", "Fabrikat"),
            default="",
            is_required=False,
        ),
        Column(
            "serial_number",
            _("Serial number"),
            Code(60),
            ("serial", "serial_no", "Seriennummer", "Fabriknummer"),
            default="",
            is_required=False,
        ),
    ),
    key=("head_end", "nic_id"),
    current=compose(_CURRENT),
    apply=write_devices,
    locks=Locks("cpm_devicelocation", _PLACES),
    refusals=(
        (_REGISTERED, REGISTERED),
        (_INSTALLED_OTHERWISE, SAME_DEVICE),
        (_IN_FILE_OTHERWISE, SAME_DEVICE),
    ),
)
