-- Find blocks whose digest is not that of their seals and the block before.
WITH made AS (
    SELECT block_id, count(*) AS rows,
           string_agg(gridcall_seal_line(source, row_id, digest), '' ORDER BY source, row_id) AS text
      FROM integration_seal WHERE block_id IS NOT NULL GROUP BY block_id),
chain AS (
    SELECT number, rows, digest, lag(number, 1, 0::bigint) OVER by_number AS before,
           lag(digest, 1, ''::bytea) OVER by_number AS digest_before
      FROM integration_historyblock WINDOW by_number AS (ORDER BY number))
SELECT 'integration_historyblock', coalesce(number, block_id),
       CASE WHEN number IS NULL THEN 'was removed' WHEN before <> number - 1 THEN 'follows on a block that was removed'
            ELSE 'is not the digest of its rows and of the block before' END
  FROM chain FULL JOIN made ON made.block_id = chain.number
 WHERE number IS NULL OR before <> number - 1 OR made.rows IS DISTINCT FROM chain.rows
    OR digest IS DISTINCT FROM gridcall_block_digest(digest_before, made.text)
 ORDER BY 2
