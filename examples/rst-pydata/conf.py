project = "A reader of reviews"
author = "The dense_shapes authors"
extensions = ["dense_shapes.sphinx"]
html_theme = "pydata_sphinx_theme"
numfig = True
