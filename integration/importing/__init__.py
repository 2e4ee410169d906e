"""Files of a utility's own: read, compared with what is there, shown, and applied as shown or not at all."""
