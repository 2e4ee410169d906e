"""The kinds of files that fill what Live Energy Connect owns: a declaration each."""
