"""Names and addresses are searched without accents and kinds of apostrophes: the indexes hold the same expression."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models
from django.db.models import Func, Value
from django.db.models.functions import Replace, Upper

BEFORE = (
    "\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}`\N{ACUTE ACCENT}"
    "\N{LATIN CAPITAL LETTER SHARP S}łŁøØđĐ"
)
AFTER = "'''''ßlLoOdD"


def part_of(field: str, name: str) -> GinIndex:
    plain = Replace(Func(field, Value(BEFORE), Value(AFTER), function="translate"), Value("ß"), Value("ss"))
    marked = Func(plain, template="normalize(%(expressions)s, NFKD)")
    bare = Func(marked, Value(r"[\u0300-\u036f]"), Value(""), Value("g"), function="regexp_replace")
    return GinIndex(OpClass(Upper(bare, output_field=models.TextField()), name="gin_trgm_ops"), name=name)


class Migration(migrations.Migration):
    dependencies = [("cpm", "0003_notifications_by_customer")]

    operations = [
        migrations.RemoveIndex(model_name="customer", name="customer_name_part"),
        migrations.RemoveIndex(model_name="devicelocation", name="location_address_part"),
        migrations.AddIndex(model_name="customer", index=part_of("name", "customer_name_part")),
        migrations.AddIndex(model_name="devicelocation", index=part_of("address", "location_address_part")),
    ]
