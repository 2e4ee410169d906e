-- The digest of a line of settlement: of all that it says.
sha256(convert_to((line.run_id, line.program_event_id, line.subject_id, line.customer_id, line.location_id, line.code,
                   line.percent, line.quantity, line.due, line.settled_before, line.amount, line.left_out)::text, 'UTF8'))
