-- Count event participations of these program events, at most so many.
SELECT count(*)
  FROM (SELECT
        {matching}
         LIMIT %(most)s) found
