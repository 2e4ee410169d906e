"""What the reference system's interfaces about enrollments take: its names, codes and lengths."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, StringConstraints

from integration.pages.rest import RestBody
from integration.seam.messages import MOST_W

from ..choices import LeavingReason, Supply
from .bodies import HeadEnd, NicId

Text = Annotated[str, StringConstraints(max_length=120)]
# How a device comes, where none is named; X1RE takes those that are installed.
SUPPLIES: Mapping[str, Supply] = {"X1SD": Supply.SHIP, "X1SI": Supply.OWN, "X1UI": Supply.INSTALLER}
REASONS: Mapping[str, LeavingReason] = {
    "LSSL": LeavingReason.LIFE_SUPPORT,
    "CUSTOMEROPTOUT": LeavingReason.OPTED_OUT,
    "INACTIVESERVICE": LeavingReason.SERVICE_ENDED,
    "INELIGIBLERATE": LeavingReason.RATE,
    "": LeavingReason.OTHER,
}


class CustomerInfo(RestBody):
    """A customer, by account, by person in the CIS, or both."""

    cis_account_id: Annotated[str, Field(max_length=30)] = ""
    cis_person_id: Annotated[str, Field(max_length=40)] = ""


class LocationInfo(RestBody):
    """A place; without a service point it is the customer's only one."""

    cis_service_point_id: Annotated[str, Field(max_length=40)] = ""


class ProgramInfo(RestBody):
    program_code: Annotated[str, Field(max_length=40)] = ""


class Asset(RestBody):
    """A device. What is not installed yet takes its class, model and rated power, too."""

    head_end_system: HeadEnd
    nic_id: NicId
    asset_type: Text = ""
    specification: Annotated[str, Field(max_length=60)] = ""
    rated_power_w: Annotated[int, Field(ge=1, le=MOST_W)] | None = None


class AssetInfo(RestBody):
    """Devices, or how one comes to the customer."""

    installation_method: Literal["X1RE", "X1SD", "X1SI", "X1UI", ""] = ""
    asset_ownership: Literal["W1CO", "W1OW", ""] = ""
    asset_list: list[Asset] = []


class Answer(RestBody):
    """An answer to a qualification question, which is named by its number or its text."""

    question: Annotated[str, Field(min_length=1, max_length=200)]
    answer: Literal["Yes", "No"]


class Transaction(RestBody):
    """A call that acts once."""

    transaction_id: Annotated[
        str, Field(validation_alias=AliasChoices("transactionId", "transactionID"), max_length=120)
    ] = ""


class About(Transaction):
    """A call about a customer's enrollment in a program at a place."""

    customer_info: CustomerInfo = CustomerInfo()
    location_info: LocationInfo = LocationInfo()
    program_info: ProgramInfo = ProgramInfo()


class EnrollBody(About):
    """One application."""

    enrollment_source: Literal["X1BY", "X1CC", "X1SS"]
    asset_info: AssetInfo = AssetInfo()
    qualification_answers: list[Answer] = []


class EnrollDeviceBody(About):
    """Devices that come to an enrollment, which is named by its id or by what it is about."""

    enrollment_id: Annotated[str, Field(pattern=r"^\d{0,18}$")] = ""
    asset_info: AssetInfo


class UnenrollBody(About):
    unenroll_reason: Literal["LSSL", "CUSTOMEROPTOUT", "INACTIVESERVICE", "INELIGIBLERATE", ""] = ""
