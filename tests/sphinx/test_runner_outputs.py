"""A page shows the same, byte for byte, as when an ordinary kernel has run it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.sphinx.sites import Site

PAGES: dict[str, list[str]] = {
    "values": [
        "1 + 1",
        "'text'",
        "x = 3;",
        "x",
        "None",
        "_",
        "Out[2]",
        "[{'a': list(range(40))}] * 3",
    ],
    "figure": [
        "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('title')",
        "fig, ax = plt.subplots()\nax.plot([3, 1, 2])\nplt.show()\nprint('after')",
        "%matplotlib inline\nfig",
        "%config InlineBackend.figure_formats = ['png']\nplt.plot([1])\nplt.show()",
    ],
    "rich": [
        "from rich import print\nfrom rich.table import Table\n"
        "table = Table('a', 'b')\ntable.add_row('1', '[red]2')\nprint(table)",
        "table",
    ],
    "display": [
        "from IPython.display import HTML, SVG, Image, JSON, Latex, Markdown, display\n"
        "display(HTML('<b>bold</b>'), Markdown('*words*'))\nHTML('<i>last</i>')",
        "Latex('$x^2$')",
        'SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"></svg>\')',
        "handle = display('before', display_id=True)\nprint('text')",
        "handle.update('after')",
        "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('stays')",
        "print('gone too')\nclear_output(wait=True)\nprint('stays too')",
        "class Both:\n"
        "    def _repr_html_(self): return '<u>html</u>'\n"
        "    def __repr__(self): return 'text'\nBoth()",
        "class Bundle:\n"
        "    def _repr_mimebundle_(self, **_): return {'text/html': '<s>b</s>', 'text/plain': 'b'}\n"
        "print('first')\ndisplay(Bundle())\nprint('second')\nBundle()",
    ],
    "streams": [
        "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('out again')",
        "sys.stdout.write('a\\n')\nsys.stdout.flush()\nsys.stdout.write('b\\n');",
        "import logging\nlogging.warning('one')\nlogging.warning('two')",
        "%%capture caught\nprint('hidden')",
        "caught.stdout",
        "!echo from a shell",
        "%%bash\necho from bash",
    ],
    "errors": [
        "#: raises-exception\n1 / 0",
        "#: raises-exception\ndef f(n):\n    return 1 / n\nf(0)",
        "#: raises-exception\nx = (1,",
        "#: raises-exception\nimport nothing_of_this_name",
        "#: raises-exception\nimport json\njson.loads('{')",
        "#: raises-exception\nraise SystemExit(2)",
        "class Bad:\n    def __repr__(self): raise ValueError('bad repr')\nprint('fine')",
        "#: skip-execution\nprint('never')",
        "print('still here')",
    ],
    "process": [
        "__name__, __doc__",
        "import os, sys\nos.path.basename(os.getcwd()), sys.path[0]",
        "import pickle\nclass Here: pass\ntype(pickle.loads(pickle.dumps(Here()))).__name__",
        "import multiprocessing as m\nwith m.get_context('fork').Pool(2) as pool:\n"
        "    print(pool.map(abs, [-1, -2]))",
        "import asyncio\nawait asyncio.sleep(0.01)\nprint('awaited')",
        "import threading\nt = threading.Thread(target=print, args=('thread',))\nt.start()\nt.join()",
        "from IPython import get_ipython\ntype(get_ipython()).__name__",
        "import inspect\ndef g(): return 5\nprint(inspect.getsource(g))",
        "import warnings\nwarnings.simplefilter('error')\n%who_ls",
        "sorted(k for k in os.environ if k in ('TERM', 'FORCE_COLOR', 'PAGER', 'MPLBACKEND'))",
        "sys.stdout.encoding, sys.stdout.isatty(), hasattr(sys.stdout, 'buffer')",
        "?print",
    ],
}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same pages built with the runner, and by myst-nb with its kernels."""
    found = []
    for flags in ([], ["-D", "dense_shapes_runner=0", "-D", "nb_execution_mode=force"]):
        site = Site(tmp_path_factory.mktemp("site"))
        for name, cells in PAGES.items():
            site.page(name, *cells)
        site.page("index", "1")
        build = site.build("-W", "--keep-going", *flags, builder="html")
        assert build.code == 0, build.out + build.err
        found.append(site.docs / "_build" / "html")
    return found[0], found[1]


@pytest.mark.parametrize("name", PAGES)
def test_the_same_page_as_from_a_kernel(sites: tuple[Path, Path], name: str) -> None:
    ours, theirs = ((folder / f"{name}.html").read_text("utf-8") for folder in sites)
    log = re.compile(r"\?v=\w+")  # of the style sheets, which Sphinx adds to some builds
    assert log.sub("", ours) == log.sub("", theirs)


def test_what_c_code_writes_is_shown_where_it_was_written(tmp_path: Path) -> None:
    site = Site(tmp_path)
    code = """
        import ctypes, sys
        libc = ctypes.CDLL(None)
        print("one")
        libc.puts(b"two")
        libc.fflush(None)
        print("three")
        libc.write(2, b"four\\n", 5)
        print("five", file=sys.stderr)
        """
    site.page("index", code + "None", "print('next')")
    assert site.build("-W").code == 0
    lines = ["one", "two", "three", "four", "five", "next"]
    assert re.findall(rf"^\s*({'|'.join(lines)})$", site.text("index"), re.MULTILINE) == lines


def test_random_numbers_differ_between_pages(tmp_path: Path) -> None:
    site = Site(tmp_path)
    for name in ("index", "a", "b"):
        site.page(name, "import numpy, random\nprint('is', numpy.random.rand(), random.random())")
    assert site.build("-W").code == 0
    shown = {
        re.findall(r"is ([\d.e-]+) ([\d.e-]+)", site.text(it))[0] for it in ("index", "a", "b")
    }
    assert len({one for one, _ in shown}) == 3
    assert len({two for _, two in shown}) == 3


def test_the_configuration_of_ipython_is_read(tmp_path: Path) -> None:
    site = Site(tmp_path)
    profile = "ipython/profile_default"
    config = (
        "c.InlineBackend.figure_formats = {'svg'}\nc.InteractiveShellApp.exec_lines = ['z = 26']\n"
    )
    site.write(f"{profile}/ipython_kernel_config.py", config)
    site.write(f"{profile}/startup/start.py", "y = 25\n")
    site.env["IPYTHONDIR"] = str(site.root / "ipython")
    site.page("index", "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()", "print(y + z)")
    assert site.build("-W", builder="html").code == 0
    page = (site.docs / "_build" / "html" / "index.html").read_text()
    assert re.search(r'src="_images/\w+\.svg"', page)
    assert "51" in page
    site.write(f"{profile}/ipython_kernel_config.py", config.replace("svg", "png"))
    assert site.build("-W", builder="html").ran == ["index"]
    assert ".svg" not in (site.docs / "_build" / "html" / "index.html").read_text()


def test_an_error_that_led_to_another_is_shown_at_its_own_line(tmp_path: Path) -> None:
    # With ipykernel, IPython shows both at the line of the second (it takes `f_lineno` of the frame).
    site = Site(tmp_path)
    code = "try:\n    {}['key']\nexcept KeyError:\n    raise ValueError('second')"
    site.page("index", f"#: raises-exception\n{code}")
    assert site.build("-W").code == 0
    assert re.findall(r"Cell In\[2\], line (\d)", site.text("index")) == ["2", "4"]


def test_a_model_is_trained_in_a_fork_of_a_process_that_has_tensorflow(tmp_path: Path) -> None:
    site = Site(tmp_path)
    code = """
        import keras, numpy
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        x = numpy.random.rand(64, 3)
        history = model.fit(x, x.sum(1), epochs=3, verbose=0)
        print("losses", *(f"{it:.6f}" for it in history.history["loss"]))
        print("predicts", *model.predict(x[:2], verbose=0)[:, 0])
        """
    for name in ("index", "again"):
        site.page(name, code + f"print({name!r})")
    build = site.build("-W")
    assert build.code == 0, build.out + build.err
    shown = [
        re.findall("(?:losses|predicts) .*", site.text(name))[-2:] for name in ("index", "again")
    ]
    assert shown[0] == shown[1]
    assert len(set(shown[0][0].split())) == 4
