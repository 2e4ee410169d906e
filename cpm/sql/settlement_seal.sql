-- The digest of all lines of a run, of the digests of each, in the order of the key.
SELECT encode(sha256(coalesce(string_agg(digest, ''::bytea), ''::bytea)), 'hex')
  FROM (SELECT digest FROM {table} WHERE run_id = %(run)s ORDER BY program_event_id, subject_id) line
