"""The kinds of files that fill what CPM owns: a declaration each."""
