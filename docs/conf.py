"""How `make docs` builds these pages; nothing is fetched, neither while building nor while reading."""

project = "Gridcall"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Gridcall"
html_copy_source = False
html_show_sphinx = False
exclude_patterns = ["_build"]
highlight_language = "text"
myst_heading_anchors = 3  # links name headings as they do in Markdown
