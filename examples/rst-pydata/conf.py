project = "A reader of reviews"
author = "The dense_shapes authors"
copyright = author
version = release = "1"
extensions = ["dense_shapes.sphinx"]
html_theme = "pydata_sphinx_theme"
html_title = project
numfig = True
