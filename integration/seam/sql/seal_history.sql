-- Make a block of all rows of history written by transactions older than every running one.
WITH before AS (
    SELECT coalesce(max(number), 0) AS number,
           coalesce((SELECT digest FROM integration_historyblock ORDER BY number DESC LIMIT 1), ''::bytea) AS digest
      FROM integration_historyblock),
sealed AS (
    UPDATE integration_seal seal SET block_id = before.number + 1
      FROM before
     WHERE seal.block_id IS NULL AND age(seal.xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid)
 RETURNING seal.source, seal.row_id, seal.digest)
INSERT INTO integration_historyblock (number, sealed_at, rows, digest)
SELECT before.number + 1, clock_timestamp(), count(*),
       gridcall_block_digest(before.digest, string_agg(gridcall_seal_line(source, row_id, sealed.digest), ''
                                                       ORDER BY source, row_id))
  FROM sealed, before
 GROUP BY before.number, before.digest
HAVING count(*) > 0
