-- Versions of head ends' profiles are only added.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lec_sim_headendprofilechange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
