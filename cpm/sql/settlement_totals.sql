-- What the lines of a part, or of all, of a run come to.
SELECT count(*) FILTER (WHERE left_out = ''), count(*) FILTER (WHERE left_out <> ''), coalesce(sum(amount), 0)
  FROM {table} WHERE {condition}
