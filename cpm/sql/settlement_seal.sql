-- The digest of all lines of a run, of the digests of each.
SELECT encode(sha256(coalesce(string_agg(digest, ''::bytea ORDER BY program_event_id, subject_id), ''::bytea)), 'hex')
  FROM {table} WHERE run_id = %(run)s
