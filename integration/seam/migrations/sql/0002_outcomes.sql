-- Whether a text is an outcome code; each migrate replaces the body by the codes of outcomes.py (see outcome_check.py).
CREATE OR REPLACE FUNCTION gridcall_is_outcome(code text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN code IN ('D1SP', 'D1IO', 'D1ND', 'D1ER', 'D1CN');
