-- Count event participations of these program events.
SELECT count(*)
{matching}
