"""`python -m dense_shapes` is the command line too."""

from dense_shapes.cli import run

if __name__ == "__main__":
    run()
