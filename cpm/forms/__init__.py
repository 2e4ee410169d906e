"""What people type: forms validate and never save."""

from .baseline_rules import BaselineRuleForm
from .enrollments import DeviceForm, EnrollForm, LeavingForm, ReplacementForm, WhyForm
from .holidays import CountryForm, HolidayForm
from .keeping import CustomerForm, KeptDeviceForm, LocationForm
from .meters import ExchangeForm, MeterForm
from .participations import ParticipationFilter
from .program_rules import RulesForm
from .programs import ProgramForm, ProgramTypeForm, RuleDaysForm, SuspendForm
from .settlement import DiscardForm, MethodForm, PriceForm, RunForm
from .unavailability import OptOutForm, PeriodForm, UnavailabilityForm

__all__ = [
    "BaselineRuleForm",
    "CountryForm",
    "CustomerForm",
    "DeviceForm",
    "DiscardForm",
    "EnrollForm",
    "ExchangeForm",
    "HolidayForm",
    "KeptDeviceForm",
    "LeavingForm",
    "LocationForm",
    "MeterForm",
    "MethodForm",
    "OptOutForm",
    "ParticipationFilter",
    "PeriodForm",
    "PriceForm",
    "ProgramForm",
    "ProgramTypeForm",
    "ReplacementForm",
    "RuleDaysForm",
    "RulesForm",
    "RunForm",
    "SuspendForm",
    "UnavailabilityForm",
    "WhyForm",
]
