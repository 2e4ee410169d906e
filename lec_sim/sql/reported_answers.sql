-- What called devices of a stage did by what their head ends reported of those of which they reported since a moment.
-- Only what was said of the stage's own time counts: before its start a device may run as usual, and after its end it does.
--   * A device that opted out took part until then, if it did, and never again.
--   * One whose head end spreads the start may be done that much before the stage's end: that it runs as usual again
--     from then on says nothing.
--   * Else its latest word decides. An error is a failed call. One that runs as usual has not responded, unless it took
--     part before: then it was taken back when it first ran as usual again.
-- Power is what was measured, the latest while the stage runs and the mean of its time after that; else what was asked.
WITH done AS MATERIALIZED (
    SELECT p.head_end,
           %(ends_at)s - least(make_interval(mins => a.start_spread_min), (%(ends_at)s - %(starts_at)s) / 2) AS at
      FROM lec_sim_announcement a
      JOIN lec_sim_ven v ON v.id = a.ven_id
      JOIN lec_sim_headendprofile p ON p.id = v.profile_id
     WHERE a.stage_id = %(stage)s),
heard AS MATERIALIZED (
    SELECT head_end, nic_id FROM lec_word WHERE stage_id = %(stage)s AND heard_at > %(since)s
     UNION
    SELECT head_end, nic_id FROM lec_telemetry WHERE stage_id = %(stage)s AND heard_at > %(since)s AND nic_id <> ''),
said AS (
    SELECT w.*, min(w.at) FILTER (WHERE word = 'opted out') OVER (PARTITION BY w.head_end, w.nic_id) AS out_at
      FROM heard
      JOIN lec_word w ON w.stage_id = %(stage)s AND w.head_end = heard.head_end AND w.nic_id = heard.nic_id
      LEFT JOIN done ON done.head_end = w.head_end
     WHERE w.at < CASE word WHEN 'not responding' THEN least(%(until)s, done.at) ELSE %(until)s END
       AND (w.at >= %(starts_at)s OR w.word IN ('opted out', 'error'))),
counted AS (
    SELECT *, max(at) FILTER (WHERE word = 'answered') OVER (PARTITION BY head_end, nic_id) AS last_part
      FROM said WHERE out_at IS NULL OR at <= out_at),
courses AS (
    SELECT head_end, nic_id, max(heard_at) AS heard_at, min(out_at) AS out_at, max(last_part) AS last_part,
           min(at) FILTER (WHERE word = 'answered') AS first_part,
           max(at) FILTER (WHERE word = 'error') AS failed_at,
           max(at) FILTER (WHERE word = 'not responding') AS normal_at,
           min(at) FILTER (WHERE word = 'not responding' AND at > last_part) AS back_at
      FROM counted GROUP BY head_end, nic_id),
judged AS (
    SELECT c.head_end, c.nic_id, c.called_at, c.nominal_w, heard_at,
           CASE WHEN out_at IS NOT NULL THEN 'takes part'
                WHEN failed_at >= coalesce(greatest(last_part, normal_at), '-infinity') THEN 'failed'
                WHEN first_part IS NOT NULL THEN 'takes part' ELSE 'silent' END AS answer,
           greatest(coalesce(first_part, out_at), c.called_at) AS part_at,
           greatest(failed_at, c.called_at) AS failed_at,
           greatest(coalesce(out_at, back_at), coalesce(first_part, out_at), c.called_at) AS taken_back_at,
           out_at IS NOT NULL OR back_at IS NOT NULL AS is_taken_back
      FROM courses
      JOIN lec_call c ON c.stage_id = %(stage)s AND c.head_end = courses.head_end AND c.nic_id = courses.nic_id
                     AND c.answer = 'pending'),
parts AS (
    SELECT judged.head_end, judged.nic_id, starts_at, reduction_w,
           extract(epoch FROM least(ends_at, %(until)s, CASE WHEN is_taken_back THEN taken_back_at END)
                              - greatest(starts_at, part_at)) AS seconds
      FROM judged JOIN ({reductions}) reduced USING (head_end, nic_id)),
measured AS (
    SELECT head_end, nic_id, {measured} AS measured_w FROM parts WHERE seconds > 0 GROUP BY head_end, nic_id)
SELECT head_end, nic_id, greatest(heard_at, %(at)s) AS at, answer,
       CASE answer WHEN 'takes part' THEN part_at WHEN 'failed' THEN failed_at END AS answered_at,
       CASE WHEN answer = 'takes part' AND is_taken_back THEN taken_back_at END AS overridden_at,
       CASE WHEN answer = 'takes part'
            THEN round(least(greatest(coalesce(measured_w, nominal_w), 0), %(most_w)s))::integer ELSE 0 END AS power_w
  FROM judged LEFT JOIN measured USING (head_end, nic_id)
