"""The kinds of files that fill what DERMS owns: a declaration each."""
