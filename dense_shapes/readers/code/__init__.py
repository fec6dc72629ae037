"""Keras code that is read and never executed: its text, its values, and the models that it builds."""
