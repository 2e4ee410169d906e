-- Find rows of one table of history that differ from their seal, have no seal, or are gone although sealed.
SELECT coalesce(seal.source, %(table)s), coalesce(seal.row_id, kept.id),
       CASE WHEN kept.id IS NULL THEN 'was removed' WHEN seal.row_id IS NULL THEN 'was added past its trigger'
            ELSE 'was changed' END || coalesce(', block ' || seal.block_id, '')
  FROM (SELECT * FROM integration_seal WHERE source = %(table)s) seal
  FULL JOIN {table} kept ON kept.id = seal.row_id
 WHERE seal.digest IS DISTINCT FROM gridcall_row_digest(to_jsonb(kept))
 ORDER BY 2
