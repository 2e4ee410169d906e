"""Lists show what Submit expected; of events that were submitted before, it is worked out from their stages."""

from django.db import migrations

# The highest power of any moment is that of a moment in which a stage begins.
EXPECTED = """
INSERT INTO derms_eventfigures (event_id, reserved_w, devices, missing_kw, report_waits, expected_w)
SELECT e.id, 0, 0, 0, false, max(moment.watts)
  FROM derms_event e
  JOIN derms_stage s ON s.event_id = e.id
 CROSS JOIN LATERAL (SELECT coalesce(sum(t.expected_w), 0) AS watts FROM derms_stage t
                      WHERE t.event_id = e.id AND t.starts_at <= s.starts_at AND t.ends_at > s.starts_at) moment
 WHERE e.state IN ('Submitted', 'Denied', 'Approved') AND e.expected_at IS NOT NULL
 GROUP BY e.id
    ON CONFLICT (event_id) DO UPDATE SET expected_w = EXCLUDED.expected_w
"""


class Migration(migrations.Migration):
    dependencies = [("derms", "0031_hearddevice")]

    operations = [migrations.RunSQL(EXPECTED, migrations.RunSQL.noop)]
