-- Give the role of the processes what they need: all of the small tables, and of history reading and adding only.
GRANT USAGE, CREATE ON SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE, REFERENCES, MAINTAIN ON ALL TABLES IN SCHEMA public TO {role};
REVOKE UPDATE, DELETE, REFERENCES, MAINTAIN ON {added_to} FROM {role};
REVOKE INSERT, UPDATE, DELETE, REFERENCES, MAINTAIN ON {only_read} FROM {role};
REVOKE EXECUTE ON FUNCTION gridcall_seal_history() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gridcall_seal_history() TO {role};
