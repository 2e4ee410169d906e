"""The demo utility: an invented grid and fleet under real load, made by set operations."""
