"""The sample utility of docs/samples, brought in by commands only."""

from django.core.management import call_command

from integration.engines.state import PROJECT
from integration.seam.settling import settle

SAMPLES = PROJECT / "docs" / "samples"
# In the order of docs/how-to/first-utility.md.
FILES = (
    ("zones", "grid.csv"),
    ("substations", "grid.csv"),
    ("feeders", "grid.csv"),
    ("transformers", "grid.csv"),
    ("head_ends", "head_ends.csv"),
    ("program_types", "program_types.csv"),
    ("programs", "programs.csv"),
    ("customers", "customers.csv"),
    ("device_locations", "device_locations.csv"),
    ("devices", "devices.csv"),
    ("meters", "meters.csv"),
    ("enrollments", "enrollments.csv"),
    ("participations", "participations.csv"),
    ("holidays", "holidays.csv"),
    ("unavailability", "unavailability.csv"),
    ("load_forecast", "load_forecast.parquet"),
    ("reduction_factors", "reduction_factors.csv"),
    ("metered_load", "metered_load.csv"),
    ("temperatures", "temperatures.csv"),
    ("meter_readings", "meter_readings.csv"),
)


def bring_in(*kinds: str) -> None:
    """Apply the sample files, or those of these kinds, and let the systems answer each other."""
    for kind, name in FILES:
        if not kinds or kind in kinds:
            call_command("import", kind, str(SAMPLES / name), apply=True, verbosity=0)
        if kind == "head_ends":
            settle()  # CPM refuses a feeder that is on its way
    settle()
