-- The removals behind head ends that wait until these read them.
SELECT id FROM lec_sim_removal WHERE answer = %(pending)s AND head_end = ANY(%(head_ends)s)
