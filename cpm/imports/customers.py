"""Customers, and the places where their devices are installed."""

from django.utils.translation import gettext_lazy as _

from integration.importing.dates import Moment
from integration.importing.kinds import Applying, Column, Kind, Locks, Reference
from integration.importing.values import Code, Email, Flag, Text, Zone
from integration.seam import sql
from integration.seam.filling import filling
from integration.seam.recorded import recorded
from integration.seam.sql import compose

NO_CUSTOMER = recorded("There is no customer “%(value)s”. Near it: %(near)s.")
ACCOUNT_TAKEN = recorded("Another customer has this account.")
ACCOUNT_TWICE = recorded("Another row of the file has this account.")
CIS_ID_TAKEN = recorded("Another customer has this id in the CIS.")
CIS_ID_TWICE = recorded("Another row of the file has this id in the CIS.")
HAS_SUBSCRIPTION = recorded("“%(value)s” is enrolled here. End the enrollment first; a new customer enrolls anew.")
DEVICES_REGISTERED = recorded("Devices here are registered with another place in the grid. End their enrollment first.")
NO_FEEDER = recorded("There is no feeder “%(value)s”. Near it: %(near)s.")
OTHER_ZONE = recorded("The feeder of this row is in control zone “%(value)s”.")

CUSTOMER_NAMES = ("customer_number", "customer_no", "customer_id", "Kundennummer", "Kunde", "Geschäftspartner")
LOCATION_NAMES = (
    "service_point_id", "metered_service_point", "device_location", "location_id", "legacy_id", "premise",
    "Anschlussobjekt", "Verbrauchsstelle", "Marktlokation", "Messlokation",
)  # fmt: skip
_CUSTOMERS_NOW = """
SELECT number AS customer, name, account, email, phone, cis_id, consents, consent_at, consent_source FROM cpm_customer
"""
_CUSTOMERS = "SELECT t.id FROM {changes} c JOIN cpm_customer t ON t.number = c.customer"
# A file that says who consents, but not since when: since it was brought in.
_CHANGE_CUSTOMERS = """
UPDATE cpm_customer t SET name = c.name, account = coalesce(c.account, c.customer), email = c.email, phone = c.phone,
       cis_id = c.cis_id, consents = c.consents,
       consent_at = CASE WHEN c.consents <> t.consents AND 'consent_at' <> ALL (%(has)s::text[])
                         THEN %(now)s ELSE c.consent_at END,
       consent_source = CASE WHEN c.consents <> t.consents AND 'consent_source' <> ALL (%(has)s::text[])
                             THEN 'file' ELSE c.consent_source END,
       version = t.version + 1, saved_by = '', saved_at = %(now)s
  FROM {changes} c WHERE c.outcome = 'changed' AND t.number = c.customer
"""
_ADD_CUSTOMERS = """
INSERT INTO cpm_customer (number, name, account, email, phone, cis_id, consents, consent_at, consent_source)
SELECT customer, name, coalesce(account, customer), email, phone, cis_id, consents,
       CASE WHEN has.answer AND NOT has.time THEN %(now)s ELSE consent_at END,
       CASE WHEN has.answer AND NOT has.source THEN 'file' ELSE consent_source END
  FROM {changes}, (SELECT 'consents' = ANY (%(has)s::text[]) AS answer, 'consent_at' = ANY (%(has)s::text[]) AS time,
                          'consent_source' = ANY (%(has)s::text[]) AS source) has
 WHERE outcome = 'added' ORDER BY line
"""
_SORT_AT_ONCE = "SET LOCAL gin_pending_list_limit = '1GB'; SET LOCAL maintenance_work_mem = '256MB'"
_MERGE_CUSTOMERS = """
SELECT gin_clean_pending_list('customer_name_part'), gin_clean_pending_list('customer_phone_part')
"""
_MERGE_LOCATIONS = "SELECT gin_clean_pending_list('location_address_part')"
_ACCOUNT_TAKEN = """
SELECT s.line, 'account'::text, s.account::text, {pattern}
  FROM {staged} s JOIN cpm_customer c ON c.account = coalesce(s.account, s.customer) AND c.number <> s.customer
"""
_ACCOUNT_TWICE = """
SELECT s.line, 'account'::text, s.account::text, {pattern}
  FROM {staged} s JOIN (SELECT account FROM {staged} GROUP BY account HAVING count(*) > 1) twice USING (account)
"""
_CIS_ID_TAKEN = """
SELECT s.line, 'cis_id'::text, s.cis_id::text, {pattern}
  FROM {staged} s JOIN cpm_customer c ON c.cis_id = s.cis_id AND c.number <> s.customer
 WHERE s.cis_id <> '' AND 'cis_id' = ANY ({has})
"""
_CIS_ID_TWICE = """
SELECT s.line, 'cis_id'::text, s.cis_id::text, {pattern}
  FROM {staged} s JOIN (SELECT cis_id FROM {staged}
                             WHERE cis_id <> '' AND 'cis_id' = ANY ({has}) GROUP BY cis_id HAVING count(*) > 1) twice
 USING (cis_id)
"""
_LOCATIONS_NOW = """
SELECT l.service_point, c.number AS customer, l.address, l.time_zone, l.zone, l.substation, l.feeder, l.transformer,
       l.rate
  FROM cpm_devicelocation l JOIN cpm_customer c ON c.id = l.customer_id WHERE l.service_point <> ''
"""
_CHANGE_LOCATIONS = """
UPDATE cpm_devicelocation t
   SET customer_id = c.id, address = l.address, time_zone = l.time_zone, zone = l.zone, substation = l.substation,
       feeder = l.feeder, transformer = l.transformer, rate = l.rate, version = t.version + 1, saved_by = '',
       saved_at = %(now)s
  FROM {changes} l JOIN cpm_customer c ON c.number = l.customer
 WHERE l.outcome = 'changed' AND t.service_point = l.service_point AND t.service_point <> ''
"""
_ADD_LOCATIONS = """
INSERT INTO cpm_devicelocation (service_point, customer_id, address, time_zone, zone, substation, feeder, transformer,
                                rate)
SELECT l.service_point, c.id, l.address, l.time_zone, l.zone, l.substation, l.feeder, l.transformer, l.rate
  FROM {changes} l JOIN cpm_customer c ON c.number = l.customer WHERE l.outcome = 'added' ORDER BY l.line
"""
_ANOTHER_CUSTOMER = """
SELECT s.line, 'customer'::text, s.customer::text, replace({pattern}, '%%(value)s', t.customer)
  FROM {staged} s JOIN ({current}) t ON t.service_point = s.service_point AND t.customer <> s.customer
 WHERE EXISTS (SELECT FROM cpm_subscription u JOIN cpm_devicelocation l ON l.id = u.location_id
                WHERE l.service_point = s.service_point AND u.ends_at IS NULL)
"""
_PLACES = """
SELECT l.id FROM {changes} c JOIN cpm_devicelocation l ON l.service_point = c.service_point WHERE l.service_point <> ''
"""
# DERMS keeps the place in the grid that a device was registered with.
_OTHER_ZONE = """
SELECT s.line, 'zone'::text, s.zone::text, replace({pattern}, '%%(value)s', f.zone)
  FROM {staged} s JOIN cpm_feeder f ON f.code = s.feeder AND f.zone <> s.zone
"""
_MOVED = """
SELECT s.line, 'transformer'::text, s.transformer::text, {pattern}
  FROM {staged} s JOIN ({current}) t ON t.service_point = s.service_point
   AND (t.zone, t.feeder, t.transformer) <> (s.zone, s.feeder, s.transformer)
 WHERE EXISTS (SELECT FROM cpm_subscription u JOIN cpm_devicelocation l ON l.id = u.location_id
                WHERE l.service_point = s.service_point AND u.ends_at IS NULL)
"""


def write_customers(applying: Applying) -> None:
    """Write the rows; the indexes for searching parts of a text sort a million rows at once, not by the thousand."""
    sql.execute(_SORT_AT_ONCE)
    with filling("cpm_customer", rows=applying.added):
        applying.write(_CHANGE_CUSTOMERS, _ADD_CUSTOMERS)
    sql.execute(_MERGE_CUSTOMERS)
    applying.analyze("cpm_customer")


def write_locations(applying: Applying) -> None:
    sql.execute(_SORT_AT_ONCE)
    with filling("cpm_devicelocation", rows=applying.added):
        applying.write(_CHANGE_LOCATIONS, _ADD_LOCATIONS)
    sql.execute(_MERGE_LOCATIONS)
    applying.analyze("cpm_devicelocation")


CUSTOMERS = Kind(
    name="customers",
    label=_("Customers"),
    columns=(
        Column("customer", _("Customer"), Code(20), (*CUSTOMER_NAMES, "number"), _("The customer's number.")),
        Column("name", _("Name"), Text(120), ("customer_name", "full_name", "Kundenname")),
        Column(
            "account",
            _("Account"),
            Code(20),
            ("account_number", "contract_account", "Vertragskonto", "Konto"),
            _("If the file has none: the customer's number."),
            may_lack=True,
        ),
        Column("email", _("E-mail"), Email(254), ("e_mail", "mail"), default="", is_required=False),
        Column(
            "phone",
            _("Telephone"),
            Text(30),
            ("telephone", "phone_number", "Telefon", "Telefonnummer"),
            default="",
            is_required=False,
        ),
        Column(
            "cis_id",
            _("Id in the CIS"),
            Code(40),
            ("cis_person_id", "person_id", "cis_customer_id", "Partnernummer"),
            default="",
            is_required=False,
        ),
        Column(
            "consents",
            _("Consents to hear of events"),
            Flag(),
            ("consent", "opt_in", "Einwilligung"),
            default="t",
            is_required=False,
        ),
        Column(
            "consent_at",
            _("Consent given or refused at"),
            Moment(),
            ("consent_date", "consent_time", "opt_in_date", "Einwilligung_am", "Einwilligungsdatum"),
            _("If the file has no such column: when it is applied."),
            is_required=False,
        ),
        Column(
            "consent_source",
            _("Source of the consent"),
            Text(60),
            ("opt_in_source", "Einwilligung_durch", "Einwilligungsquelle"),
            _("Such as a letter or a call; if the file has no such column: file."),
            default="",
            is_required=False,
        ),
    ),
    key=("customer",),
    current=compose(_CUSTOMERS_NOW),
    apply=write_customers,
    locks=Locks("cpm_customer", _CUSTOMERS),
    refusals=(
        (_ACCOUNT_TAKEN, ACCOUNT_TAKEN),
        (_ACCOUNT_TWICE, ACCOUNT_TWICE),
        (_CIS_ID_TAKEN, CIS_ID_TAKEN),
        (_CIS_ID_TWICE, CIS_ID_TWICE),
    ),
)
DEVICE_LOCATIONS = Kind(
    name="device_locations",
    label=_("Device locations"),
    columns=(
        Column("service_point", _("Service point"), Code(40), LOCATION_NAMES, _("The utility's id of the place.")),
        Column(
            "customer",
            _("Customer"),
            Code(20),
            CUSTOMER_NAMES,
            _("The customer's number."),
            refers=Reference("cpm_customer", "number", NO_CUSTOMER),
        ),
        Column("address", _("Address"), Text(200), ("service_address", "Adresse", "Anschrift")),
        Column("time_zone", _("Time zone"), Zone(), ("timezone", "Zeitzone"), _("Written like Europe/Berlin.")),
        Column("zone", _("Control zone"), Code(20), ("control_zone", "zone_code", "zone_id", "Netzgebiet")),
        Column(
            "substation", _("Substation"), Code(30), ("substation_code", "Umspannwerk"), default="", is_required=False
        ),
        Column(
            "feeder",
            _("Feeder"),
            Code(30),
            ("feeder_code", "feeder_id", "Abgang", "Leitung", "Stromkreis"),
            refers=Reference("cpm_feeder", "code", NO_FEEDER, is_copy=True),
        ),
        Column("transformer", _("Transformer"), Code(40), ("transformer_code", "transformer_id", "Trafo")),
        Column("rate", _("Rate"), Code(20), ("tariff", "rate_code", "Tarif"), default="", is_required=False),
    ),
    key=("service_point",),
    current=compose(_LOCATIONS_NOW),
    apply=write_locations,
    locks=Locks("cpm_devicelocation", _PLACES),
    refusals=((_ANOTHER_CUSTOMER, HAS_SUBSCRIPTION), (_MOVED, DEVICES_REGISTERED), (_OTHER_ZONE, OTHER_ZONE)),
)
