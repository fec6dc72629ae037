project = "Segmenting small pictures"
author = "The dense_shapes authors"
extensions = ["myst_nb", "dense_shapes.sphinx"]
html_theme = "furo"
numfig = True
