"""Sphinx configuration: `nox -s docs` builds the site with it."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

os.environ["COLUMNS"] = "88"  # how wide Keras prints its summaries

project = "dense_shapes"
author = "The dense_shapes authors"
project_copyright = author

extensions = [
    "myst_nb",
    "dense_shapes.sphinx",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "catalogue",
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

html_theme = "furo"
html_title = "dense_shapes"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5cad", "color-brand-content": "#0b5cad"},
    "dark_css_variables": {"color-brand-primary": "#7ab7ff", "color-brand-content": "#7ab7ff"},
}
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
