"""Pictures as data: a `Scene` of marks, made from a layer and drawn by the views."""
