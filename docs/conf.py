"""Sphinx configuration: `nox -s docs` builds the site with it."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))
os.environ["COLUMNS"] = "88"  # how wide Keras prints its summaries

project = "dense_shapes"
author = "The dense_shapes authors"
project_copyright = author
language = "en"

extensions = [
    "myst_nb",
    "dense_shapes.sphinx",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "catalogue",
    "delivery",
]
exclude_patterns = ["_build"]

# A page runs again when something that it used has changed.
dense_shapes_runner = True
dense_shapes_runner_environment = ["COLUMNS", "KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS"]
nb_execution_in_temp = True  # a page may write files
nb_execution_timeout = 300
nb_execution_show_tb = True
nb_output_stderr = "remove-warn"
nb_merge_streams = True
nb_render_markdown_format = "myst"  # with tables

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
default_role = "code"

locale_dirs = ["locale"]
gettext_compact = False
gettext_location = False

# The address that canonical links, the map and the cards name. The Pages workflow knows the real one.
site_url = os.environ.get("SITE_URL") or "https://dense-shapes.example/"

html_theme = "furo"
html_title = "dense_shapes"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_favicon = "_static/icon.svg"
html_permalinks_icon = "#"
templates_path = ["_templates"]
html_domain_indices = False
html_context = {"site_path": urlsplit(site_url).path if "SITE_URL" in os.environ else ""}
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/language.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5cad", "color-brand-content": "#0b5cad"},
    "dark_css_variables": {"color-brand-primary": "#7ab7ff", "color-brand-content": "#7ab7ff"},
}
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
