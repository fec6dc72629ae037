"""How the site looks from outside: its address, the card of a shared link, the map for search engines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib
import resvg_py
from docutils import nodes

from dense_shapes.display import draw
from dense_shapes.rules import call

LANGUAGES = {"en": "", "zh_CN": "zh/"}
"""Where each language is, from the root of the site."""
TAGS = {"en": "en", "zh_CN": "zh-Hans"}
CARD = (1200, 630)


def tell(app: Any, pagename: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Give the addresses and the description of a page to its template."""
    language = app.config.language
    root, own = app.site_url, LANGUAGES[language]
    file = "" if pagename == "index" else f"{pagename}.html"
    back = context["content_root"] + ("../" if own else "")
    context["share"] = {
        "url": f"{root}{own}{file}",
        "image": f"{root}_static/card.png",
        "description": description(doctree),
        "others": [
            {"tag": TAGS[other], "url": f"{root}{place}{file}"}
            for other, place in LANGUAGES.items()
        ],
        "links": [
            {
                "tag": TAGS[other],
                "name": {"en": "English", "zh_CN": "中文"}[other],
                "href": f"{back}{place}{pagename}.html",
                "here": other == language,
            }
            for other, place in LANGUAGES.items()
        ],
        "zip": f"{back}dense_shapes-site.zip",
    }
    context["pageurl"] = None if pagename == "404" else f"{root}{own}{file}"


def description(doctree: Any) -> str:
    """The first paragraph of a page, to 200 characters."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree is not None else ():
        text = re.sub(r"\s+", " ", paragraph.astext()).strip()
        if len(text) > 20:
            return text if len(text) <= 200 else text[:199].rsplit(" ", 1)[0] + " …"
    return "What a layer does to the shape of a tensor, and why."


def start(app: Any) -> None:
    """Remember the address, with a slash at its end. One page for wrong addresses serves all languages."""
    app.site_url = app.config.site_url.rstrip("/") + "/"
    if app.config.language == "en":
        app.config.html_additional_pages["404"] = "404.html"


def write(app: Any, error: Exception | None) -> None:
    """Write the card and the map; the Chinese edition is in the same map."""
    if error or app.builder.name != "html" or app.config.language != "en":
        return
    Path(app.outdir, "_static", "card.png").write_bytes(card())
    names = sorted(app.env.found_docs)
    files = ["" if name == "index" else f"{name}.html" for name in names]
    entries = "".join(entry(app.site_url, file) for file in files)
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    Path(app.outdir, "sitemap.xml").write_text(
        f'<?xml version="1.0" encoding="utf-8"?>\n<urlset {space}>\n{entries}</urlset>\n', "utf-8"
    )
    robots = f"User-agent: *\nAllow: /\nSitemap: {app.site_url}sitemap.xml\n"
    Path(app.outdir, "robots.txt").write_text(robots, "utf-8")


def entry(root: str, file: str) -> str:
    """A page in each language, as the map wants it."""
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{TAGS[it]}" href="{root}{place}{file}"/>'
        for it, place in LANGUAGES.items()
    )
    return "".join(
        f"<url><loc>{root}{place}{file}</loc>{links}</url>\n" for place in LANGUAGES.values()
    )


def card() -> bytes:
    """The picture of a shared link: our own figure of the question, as a PNG."""
    layer = call("Dense", {"units": 5}, (None, 2, 3, 1))
    figure = plain(draw(layer, cell=(0, 1, 3), title=" ").to("svg"))
    figure = figure.replace("<svg ", '<svg x="60" y="170" ', 1)
    width, height = CARD
    figure = re.sub(
        r' width="\d+" height="\d+"', f' width="{width - 120}" height="300"', figure, count=1
    )
    svg = f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">
<rect width="{width}" height="{height}" fill="#ffffff"/>
<rect width="{width}" height="14" fill="#0b5cad"/>
<g font-family="DejaVu Sans" fill="#1b1f24">
<text x="60" y="95" font-size="44" font-weight="bold">Dense works on the last axis only</text>
<text x="60" y="150" font-size="30">(None, 2, 3, 1) → Dense(5) → (None, 2, 3, 5)</text>
<text x="60" y="545" font-size="30">1 × 5 + 5 = {layer.params} parameters, used again at each position</text>
<text x="60" y="595" font-size="26" fill="#0b5cad">dense_shapes</text>
</g>
{figure}
</svg>"""
    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    return bytes(
        resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, font_dirs=[str(fonts)])
    )


def plain(svg: str) -> str:
    """A picture of ours for a reader of SVG that knows no variables and no dark mode."""
    svg = re.sub(r"@media[^{]*\{[^{}]*(\{[^{}]*\}[^{}]*)*\}", "", svg)
    svg = re.sub(r"var\(--[\w-]+,((?:[^()]|\([^()]*\))*)\)", r"\1", svg)
    svg = re.sub(r"rgb\((\d+) (\d+) (\d+)/(\.\d+)\)", r"rgba(\1,\2,\3,\4)", svg)
    svg = (
        svg.replace("dominant-baseline:central", "")
        .replace("system-ui,", "")
        .replace("ui-monospace,", "")
    )
    return svg.replace("currentColor", "#1b1f24").replace("color:inherit", "")


def setup(app: Any) -> dict[str, bool]:
    """The address of the site is a setting: `SITE_URL` where it is published."""
    app.add_config_value("site_url", "https://dense-shapes.example/", "html")
    app.connect("builder-inited", start)
    app.connect("html-page-context", tell)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
