"""Another project installs the wheel, writes three lines into its conf.py, and has it all."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONF = """\
project = "Another"
extensions = ["myst_nb", "dense_shapes.sphinx"]
html_theme = "{theme}"
"""
PAGE = """\
---
file_format: mystnb
kernelspec:
  name: python3
  display_name: Python 3
  language: python
---

# A page

```{layer-figure} Dense(5)
:input: 2, 3, 1
:cell: 1, 2, 4
```

```{model-table} model.py
```

Its shape is {layer-shape}`model.py`.

```{code-cell} ipython3
import dense_shapes as ds

ds.summary(ds.trace("2,3,1 -> Dense(5)"))
```
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment, in which the wheel is installed and nothing of ours else."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)])
    [wheel] = folder.glob("dense_shapes-*.whl")
    venv.create(folder / "env", with_pip=True)
    made = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    extra = ["ipykernel", "furo", "pydata-sphinx-theme", "myst-nb>=1.4"]
    run([str(made), *pip[1:], "install", f"{wheel}[sphinx]", *extra])
    return made


def run(command: list[str], folder: Path | None = None) -> None:
    """Run a command that must succeed, without the paths of this process."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=900
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize("theme", ["furo", "pydata_sphinx_theme"])
def test_another_project_has_figures_tables_and_cells(
    python: Path, tmp_path: Path, theme: str
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "conf.py").write_text(CONF.format(theme=theme))
    (docs / "index.md").write_text(PAGE)
    (docs / "model.py").write_text("model = Sequential([Input((3,)), Dense(2)])\n")
    for builder in ("html", "latex"):
        command = [str(python), "-m", "sphinx", "-n", "-W", "--keep-going", "-b", builder]
        run([*command, "-d", "doctrees", "docs", builder], tmp_path)
    html = (tmp_path / "html" / "index.html").read_text("utf-8")
    assert html.count('<div class="ds-shown') == 1
    assert html.count('class="ds-layers') == 2, "the cell shows a real table too"
    assert "(2,)" in html
    [tex] = (tmp_path / "latex").glob("*.tex")
    source = tex.read_text("utf-8")
    assert source.count(r"\begin{tabulary}") == 2
    assert source.count("sphinxincludegraphics") == 1
