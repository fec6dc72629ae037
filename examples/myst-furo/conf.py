project = "Segmenting small pictures"
author = "The dense_shapes authors"
copyright = author
version = release = "1"
extensions = ["myst_nb", "dense_shapes.sphinx"]
html_theme = "furo"
numfig = True
