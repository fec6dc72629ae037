"""What a page uses is seen, in whatever way it comes to it; and nothing else counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sphinx.sites import Build, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.write("docs/index.md", "# Index\n")
    site.write("library/__init__.py", "")
    return site


def built(site: Site) -> Build:
    """A build that must succeed, after which another one runs nothing."""
    build = site.build("-W", "--keep-going")
    assert build.code == 0, build.out + build.err
    again = site.build("-W", "--keep-going")
    assert again.ran == [], again.out
    return Build(build.code, build.out, build.err, build.ran)


def test_a_link_that_leads_elsewhere_now(site: Site, tmp_path: Path) -> None:
    for number in "12":
        (tmp_path / f"outside{number}.txt").write_text(number)
        site.write(f"inside{number}.txt", number)
        site.write(f"library/with{number}.py", f"value = {number}" + "\n" * int(number))
    links = {
        "docs/outer.txt": "../../outside{}.txt",
        "docs/inner.txt": "../inside{}.txt",
        "library/module.py": "with{}.py",
    }
    site.page("outer", "print('outer', open('outer.txt').read())")
    site.page("inner", "print('inner', open('../docs/inner.txt').read())")
    site.page("module", "from library import module\nprint('module', module.value)")
    for number in "12":
        for link, target in links.items():
            (site.root / link).unlink(missing_ok=True)
            (site.root / link).symlink_to(target.format(number))
        assert built(site).ran == ["inner", "module", "outer"]
        for name in ("inner", "module", "outer"):
            assert f"{name} {number}" in site.text(name)


LOADS = {
    "by_path": """
        import importlib.util as u
        spec = u.spec_from_file_location("x", "../library/part.py")
        module = u.module_from_spec(spec)
        spec.loader.exec_module(module)
        print(module.value)
    """,
    "as_module": "import runpy\nprint(runpy.run_module('library.part')['value'])",
    "as_script": "import runpy\nprint(runpy.run_path('../library/part.py')['value'])",
    "forgotten": """
        import sys
        from library.part import value
        del sys.modules["library.part"]
        print(value)
    """,
    "within": "def f():\n    import library.part\n    return library.part.value\nprint(f())",
    "namespace": "import space.part\nprint(space.part.value)",
    "resource": "import pkgutil\nprint(pkgutil.get_data('library', 'part.py').decode())",
    "data": "import pkgutil\nprint(pkgutil.get_data('library', 'part.txt').decode())",
    "codecs": "import codecs\nprint(codecs.open('../library/part.txt').read())",
    "numpy": "import numpy as np\nprint(np.loadtxt('../library/part.csv', dtype=str))",
    "path": "from pathlib import Path\nprint((Path('..') / 'library/part.txt').read_text())",
}


@pytest.mark.parametrize("kernel", ["false", "true"])
def test_code_and_data_in_every_way(site: Site, kernel: str) -> None:
    for name, code in LOADS.items():
        site.page(name, code, front=f"dense_shapes_runner:\n  kernel: {kernel}\n")
    for number in (11, 222):
        for path in ("library/part.py", "space/part.py"):
            site.write(path, f"value = {number}\n")
        site.write("library/part.txt", str(number))
        site.write("library/part.csv", str(number))
        assert built(site).ran == sorted(LOADS)
        for name in LOADS:
            assert str(number) in site.text(name)


def test_a_module_that_could_not_be_imported(site: Site) -> None:
    code = "try:\n    {}\nexcept ImportError:\n    value = 'nothing'\nprint('got', value)"
    site.page("part", code.format("from library.part import value"))
    site.page("attribute", code.format("from library import part; value = part.value"))
    site.page("alone", code.format("from alone import value"))
    site.page("relative", code.format("from library.inner import value"))
    site.write(
        "library/inner.py",
        "try:\n    from .part import value\nexcept ImportError:\n    value = 'nothing'\n",
    )
    pages = ["alone", "attribute", "part", "relative"]
    states = [("nothing", ""), ("nothing", "raise ImportError\n"), ("1", "value = 1\n")]
    for shown, text in states:
        for name in ("alone.py", "library/part.py") if text else ():
            site.write(name, text)
        assert built(site).ran == pages
        for page in pages:
            assert f"got {shown}" in site.text(page)


def test_a_module_that_was_deleted_and_is_back(site: Site) -> None:
    code = "try:\n    import library.part\n    found = 'yes'\nexcept ImportError:\n    found = 'no'"
    site.page("tries", f"{code}\nprint('found', found)")
    site.write("library/part.py", "")
    built(site)
    (site.root / "library" / "part.py").unlink()
    assert built(site).ran == ["tries"]
    assert "found no" in site.text("tries")
    site.write("library/part.py", "")
    built(site)
    assert "found yes" in site.text("tries")


def test_a_package_that_is_installed_later(site: Site) -> None:
    asks = "try:\n    import parcel\n    has = 1\nexcept ImportError:\n    has = 0\n"
    site.install("asker", "1.0", {"asker.py": asks})
    site.page("through", "import asker\nprint('has it:', asker.has)")
    looks = "import importlib.util as util\nfound = util.find_spec('parcel') is not None"
    site.page("looks", f"{looks}\nprint('has it:', int(found))")
    built(site)
    site.install("wrapping", "1.0", {"parcel.py": ""})
    build = built(site)
    assert build.reasons == dict.fromkeys(("looks", "through"), "parcel is installed now")
    assert "has it: 1" in site.text("looks")
    assert "has it: 1" in site.text("through")


LISTS = {
    "walk": "import os\nprint([f for _, _, files in os.walk('../data') for f in files])",
    "glob": "import glob\nprint(glob.glob('../data/**/*.txt', recursive=True))",
    "rglob": "from pathlib import Path\nprint(list(Path('../data').rglob('*.txt')))",
    "iterdir": "from pathlib import Path\nprint(list(Path('../data/deep').iterdir()))",
}


def test_folders_that_are_listed_in_every_way(site: Site) -> None:
    for name, code in LISTS.items():
        site.page(name, code)
    for file in ("first.txt", "second.txt"):
        site.write(f"data/deep/{file}", "")
        assert built(site).ran == sorted(LISTS)
        for name in LISTS:
            assert file in site.text(name)


def test_what_a_build_leaves_behind_does_not_count(site: Site) -> None:
    site.write("docs/helper.py", "")
    site.page("lists", "import os\nprint(len(list(os.walk('..'))) > 0)", "import helper")
    built(site)
    site.page("other", "1")
    built(site)


def test_a_file_that_is_written_under_another_name_first(site: Site) -> None:
    code = """
        import os
        from pathlib import Path
        Path("new.txt").write_text("written")
        os.replace("new.txt", "made.txt")
        Path("link.txt").unlink(missing_ok=True)
        os.symlink("made.txt", "link.txt")
        print(Path("made.txt").read_text(), Path("link.txt").read_text())
    """
    site.page("makes", code)
    built(site)


def test_data_of_the_project_itself_where_it_is_installed(site: Site) -> None:
    site.write("pyproject.toml", '[project]\nname = "parcels"\n')
    code = "from pathlib import Path\ntext = (Path(__file__).parent / 'data.txt').read_text()\n"
    site.page("reads", "import parcels\nprint(parcels.text)")
    for number in "12":
        files = {"parcels/__init__.py": code, "parcels/data.txt": f"data {number}"}
        site.install("parcels", "1.0", files)
        assert built(site).ran == ["reads"]
        assert f"data {number}" in site.text("reads")
