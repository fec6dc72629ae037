"""A page runs again when something that it used has changed, and at no other time."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.sphinx.sites import Build, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Four pages: two use different modules of a library, one reads a file, one uses nothing."""
    site = Site(tmp_path, 'dense_shapes_runner_environment = ["COLOUR"]\n')
    site.write("library/__init__.py", "")
    site.write("library/one.py", "def value():\n    return 'one is 1'\n")
    site.write("library/two.py", "from library import one\ndef value():\n    return 'two is 2'\n")
    site.write("docs/numbers.csv", "3,4\n")
    site.page("index", "1 + 1")
    site.page("first", "from library import one", "print(one.value())")
    site.page("second", "import library.two\nprint(library.two.value())")
    site.page("reads", "print(open('numbers.csv').read())")
    return site


def built(site: Site, *flags: str, builder: str = "text") -> Build:
    """A build that must succeed, in which myst-nb found everything in its cache."""
    build = site.build("-W", "--keep-going", *flags, builder=builder)
    assert build.code == 0, build.out + build.err
    assert "Executing notebook" not in build.out
    return build


def test_every_page_runs_once_and_then_none(site: Site) -> None:
    first = built(site)
    assert first.ran == ["first", "index", "reads", "second"]
    assert set(first.reasons.values()) == {"it has not run yet"}
    assert "one is 1" in site.text("first")
    assert "two is 2" in site.text("second")
    assert "3,4" in site.text("reads")
    assert built(site).ran == []
    assert built(site, "-E", "-a").ran == []


def test_a_module_runs_the_pages_that_import_it(site: Site) -> None:
    built(site)
    site.write("library/two.py", "def value():\n    return 'two is 22'\n")
    build = built(site)
    assert build.ran == ["second"]
    assert build.reasons == {"second": "library/two.py changed"}
    assert "two is 22" in site.text("second")
    site.write("library/one.py", "def value():\n    return 'one is 11'\n")
    assert built(site).ran == ["first"]
    site.write("library/__init__.py", "VERSION = 2\n")
    assert built(site).ran == ["first", "second"]


def test_a_module_imported_by_a_module_counts_too(site: Site) -> None:
    built(site)
    site.write("library/one.py", "def value():\n    return 'one is 11'\n")
    build = built(site)
    assert build.ran == ["first", "second"]
    assert build.reasons["second"] == "library/one.py changed"


def test_a_data_file_runs_the_pages_that_read_it(site: Site) -> None:
    built(site)
    site.write("docs/numbers.csv", "5,6\n")
    build = built(site)
    assert (build.ran, build.reasons) == (["reads"], {"reads": "docs/numbers.csv changed"})
    assert "5,6" in site.text("reads")


def test_a_file_that_was_not_there_and_a_folder_that_was_listed(site: Site) -> None:
    code = "try:\n    print(open('new.txt').read())\nexcept OSError:\n    print('nothing')"
    site.page("looks", code)
    site.write("docs/folder/a.txt", "")
    site.page("lists", "import os\nprint(sorted(os.listdir('folder')))")
    built(site)
    assert "nothing" in site.text("looks")
    site.write("docs/new.txt", "something")
    build = built(site)
    assert (build.ran, build.reasons) == (["looks"], {"looks": "docs/new.txt is new"})
    assert "something" in site.text("looks")
    site.write("docs/folder/b.txt", "")
    build = built(site)
    assert (build.ran, build.reasons) == (["lists"], {"lists": "the files in docs/folder changed"})
    (site.docs / "new.txt").unlink()
    assert built(site).ran == []
    assert "nothing" in site.text("looks")


PARCEL = "import importlib.metadata as m\nversion = m.version('parcel')\nvalue = 1\n"


def test_a_version_runs_the_pages_that_import_the_package(site: Site) -> None:
    site.install("parcel", "1.0", {"parcel.py": PARCEL})
    site.install("wrapper", "1.0", {"wrapper.py": "from parcel import version\n"})
    site.page("packed", "import parcel\nprint('version', parcel.version)")
    site.page("through", "import wrapper\nprint('version', wrapper.version)")
    site.page("asks", "from importlib.metadata import version\nprint('it is', version('parcel'))")
    for version in ("1.1", "1.2"):  # in the second round, `parcel` is imported before the fork
        built(site, "-E")
        site.install("parcel", version, {"parcel.py": PARCEL})
        build = built(site)
        assert build.ran == ["asks", "packed", "through"]
        assert build.reasons["packed"] == f"parcel {float(version) - 0.1:.1f} is now {version}"
        assert f"version {version}" in site.text("packed")
        assert f"version {version}" in site.text("through")
        assert f"it is {version}" in site.text("asks")


def test_the_same_version_built_again_counts_as_another(site: Site) -> None:
    site.install("parcel", "1.0", {"parcel.py": PARCEL})
    site.page("packed", "import parcel\nprint('value', parcel.value)")
    built(site)
    site.install("parcel", "1.0", {"parcel.py": PARCEL.replace("value = 1", "value = 2")})
    build = built(site)
    assert build.reasons == {"packed": "parcel 1.0 is another build now"}
    assert "value 2" in site.text("packed")


def test_the_project_itself_is_watched_file_by_file_where_it_is_installed(site: Site) -> None:
    site.write("pyproject.toml", '[project]\nname = "parcels"\n')
    files = {
        "parcels/__init__.py": "",
        "parcels/a.py": "value = 1\n",
        "parcels/b.py": "value = 1\n",
    }
    site.install("parcels", "1.0", files)
    site.page("first", "import parcels.a\nprint('value', parcels.a.value)")
    site.page("second", "import parcels.b\nprint('value', parcels.b.value)")
    built(site)
    site.install("parcels", "1.0", files | {"parcels/b.py": "value = 22\n"})
    build = built(site)
    assert build.reasons == {"second": "parcels/b.py changed"}
    assert "value 22" in site.text("second")


def test_what_a_pth_file_takes_from_another_environment_is_installed(site: Site) -> None:
    other = site.root / "other" / "lib" / "python3" / "site-packages"
    parcel = {"parcel/__init__.py": PARCEL + "import os\npid = os.getpid()\n"}
    site.lead(other)
    site.install("parcel", "1.0", parcel, other)
    site.page("packed", "import os, parcel", "print(parcel.version, parcel.pid == os.getpid())")
    built(site)
    assert not any("parcel" in name for name in site.note("packed")["files"])
    assert site.note("packed")["distributions"]["parcel"].split()[0] == "1.0"
    assert built(site).ran == []
    site.install("parcel", "1.1", parcel, other)
    build = built(site)
    assert build.reasons == {"packed": "parcel 1.0 is now 1.1"}
    assert "1.1 False" in site.text("packed")  # it was imported before the fork


def test_what_a_pth_file_takes_from_the_sources_of_a_project_is_not(
    site: Site, tmp_path: Path
) -> None:
    source = tmp_path / "sources" / "src"
    source.mkdir(parents=True)
    (source / "plain.py").write_text("import os\npid, value = os.getpid(), 1\n")
    (source / "plain.egg-info").mkdir()  # setuptools leaves this behind
    site.lead(source)
    page = "import os, plain\nprint(plain.value, plain.pid == os.getpid())"
    site.page("uses", page)
    built(site)
    assert "1 True" in site.text("uses")
    (source / "plain.py").write_text("import os\npid, value = os.getpid(), 22\n")
    build = built(site)
    assert build.reasons == {"uses": "../sources/src/plain.py changed"}
    assert "22 True" in site.text("uses")


def test_a_namespace_that_the_project_shares_with_what_is_installed(
    site: Site, tmp_path: Path
) -> None:
    site.install("space-other", "1.0", {"space/other.py": ""})
    site.lead(tmp_path / "project" / "src")
    site.write("src/space/mine.py", "import os\npid, value = os.getpid(), 1\n")
    site.page("uses", "import os, space.other, space.mine", "print(space.mine.pid == os.getpid())")
    built(site)
    assert "True" in site.text("uses")
    site.write("src/space/mine.py", "import os\npid, value = os.getpid(), 2\n")
    assert built(site).ran == ["uses"]


def test_what_is_installed_is_noted_of_those_who_import_it_and_of_no_other(site: Site) -> None:
    site.page("reads", "import yaml, os.path\nfrom rich.table import Table")
    built(site)
    site.page("first", "print(1)")  # this time, rich and yaml are imported before the fork
    site.page("reads", "import yaml\nfrom rich.table import Table")
    built(site)
    notes = {}
    for path in (site.docs / "_build" / ".jupyter_cache").rglob("notes/*.json"):
        note = json.loads(path.read_text())[0]
        notes[tuple(note["imports"])] = set(note["distributions"])
    assert {"PyYAML", "rich"} <= notes["rich.table", "rich.table:Table", "yaml"]
    assert notes[()] == {"ipython", "matplotlib-inline"}


def test_a_variable_that_the_configuration_names_runs_the_pages(site: Site) -> None:
    built(site)
    site.env["COLOUR"] = "red"
    build = built(site)
    assert build.ran == ["first", "index", "reads", "second"]
    assert build.reasons["index"] == "the environment variable COLOUR changed"
    site.env["OTHER"] = "red"
    assert built(site).ran == []
    del site.env["COLOUR"]
    assert built(site).ran == []


def test_a_page_says_more_about_itself(site: Site) -> None:
    front = "dense_shapes_runner:\n  dependencies: [hidden, ../more.txt]\n  environment: [MOOD]\n"
    site.write("docs/hidden/deep/file.txt", "1")
    site.write("more.txt", "1")
    site.page("index", "1 + 1", front=front)
    built(site)
    site.write("docs/hidden/deep/file.txt", "2")
    assert built(site).reasons == {"index": "docs/hidden/deep/file.txt changed"}
    site.write("docs/hidden/other.txt", "2")
    assert built(site).ran == ["index"]
    site.write("more.txt", "2")
    assert built(site).reasons == {"index": "more.txt changed"}
    site.env["MOOD"] = "good"
    assert built(site).reasons == {"index": "the environment variable MOOD changed"}


def test_prose_runs_nothing_and_code_runs_its_page(site: Site) -> None:
    built(site)
    site.page("first", "from library import one", "print(one.value())", prose="Other words.")
    assert built(site).ran == []
    assert "Other words." in site.text("first")
    assert "one is 1" in site.text("first")
    site.page("first", "print('three')")
    build = built(site)
    assert (build.ran, build.reasons) == (["first"], {"first": "its code changed"})
    assert "three" in site.text("first")


def test_times_of_files_do_not_count(site: Site) -> None:
    built(site)
    for path in site.root.rglob("*"):
        if path.suffix in {".py", ".csv", ".md"}:
            os.utime(path, (1, 1))
    assert built(site).ran == []


def test_an_old_state_finds_its_old_results(site: Site) -> None:
    old = (site.root / "library" / "one.py").read_text()
    built(site)
    site.write("library/one.py", "def value():\n    return 'one is 11'\n")
    assert built(site).ran == ["first", "second"]
    assert "one is 11" in site.text("first")
    site.write("library/one.py", old)
    assert built(site).ran == []
    assert "one is 1\n" in site.text("first")


def test_a_page_with_the_same_outputs_is_not_read_again(site: Site) -> None:
    built(site)
    site.write("library/one.py", "def value():\n    return 'one ' + 'is 1'\n")
    build = built(site)
    assert build.ran == ["first", "second"]
    assert "0 added, 0 changed, 0 removed" in build.out


def test_another_builder_finds_the_same_results(site: Site) -> None:
    built(site)
    assert built(site, builder="gettext").ran == []
    assert built(site, builder="html").ran == []


def test_a_cache_that_is_lost_is_filled_again(site: Site) -> None:
    built(site)
    shutil.rmtree(site.docs / "_build" / ".jupyter_cache" / "executed")
    shutil.rmtree(site.docs / "_build" / ".jupyter_cache" / "dense_shapes" / "results")
    assert built(site).ran == ["first", "index", "reads", "second"]


def test_reading_in_parallel(site: Site) -> None:
    for number in range(8):
        site.page(f"page{number}", f"print('page', {number})")
    build = built(site, "-j", "2")
    assert len(build.ran) == 12
    assert build.out.count("Using cached notebook") == 12
    assert built(site, "-j", "2", "-E").ran == []


def test_the_same_code_in_two_folders_with_different_data(site: Site) -> None:
    for name in ("a", "b"):
        site.write(f"docs/{name}/data.txt", f"this is {name}")
        site.write(
            f"docs/{name}/page.md",
            "---\nfile_format: mystnb\norphan: true\n---\n# Title\n\n"
            "```{code-cell}\nprint(open('data.txt').read())\n```\n",
        )
    built(site)
    assert "this is a" in site.text("a/page")
    assert "this is b" in site.text("b/page")
    site.write("docs/b/data.txt", "this is another b")
    built(site, "-j", "2")
    assert "this is another b" in site.text("b/page")
    assert "this is a" in site.text("a/page")


def test_a_page_that_another_extension_changes_is_never_kept(tmp_path: Path) -> None:
    conf = """
def changed(app, docname, source):
    source[0] = source[0].replace("WHAT", "6 * 7")

def setup(app):
    app.connect("source-read", changed, priority=400)
"""
    site = Site(tmp_path, conf)
    site.page("index", "x = 'WHAT'\nprint(x)")
    build = site.build()
    assert "6 * 7" in site.text("index")
    assert "index.md: myst-nb ran it itself" in build.out
    assert "Executing notebook" in site.build("-E").out


def test_a_temporary_folder_in_the_project_is_none_of_it(site: Site) -> None:
    (site.root / "tmp").mkdir()
    site.env["TMPDIR"] = str(site.root / "tmp")
    code = "import os\nos.system('echo 5 > it.txt')\nprint(open('it.txt').read(), os.listdir('.'))"
    site.page("index", code, front="mystnb: {execution_in_temp: true}\n")
    assert "index" in built(site).ran
    assert built(site).ran == []
