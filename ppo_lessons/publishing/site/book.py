"""From the manuscript to the site, by Sphinx: MyST-NB reads lessons and pages, Furo gives them their look."""

import io
import shutil
import tempfile
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from ppo_lessons.publishing.site.flowcharts import KEPT
from ppo_lessons.publishing.site.links import find_faults
from ppo_lessons.publishing.site.living import draw_all
from ppo_lessons.publishing.site.manuscript import Manuscript
from ppo_lessons.publishing.site.pictures import Pictures
from ppo_lessons.publishing.site.scripts import INTERACTIVE, write_scripts
from ppo_lessons.publishing.site.table_of_contents import with_contents

LOOK = Path(__file__).parent / "look"
OWN = "ppo_lessons.publishing.site"

SETTINGS: dict[str, Any] = {
    "project": "ppo_lessons",
    "copyright": "The ppo_lessons authors, MIT licence",
    "language": "en",
    "extensions": ["myst_nb", f"{OWN}.equations", f"{OWN}.theme"],
    "html_theme": "furo",
    "html_title": "ppo_lessons",
    "html_math_renderer": "mathml",
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_search_summary": False,  # it would be fetched, which a page opened from a disk may not
    "html_use_index": False,
    "html_domain_indices": False,
    "html_last_updated_fmt": None,
    "html_css_files": ["controls.css", "site.css"],
    "html_js_files": ["theatre.js", "controls.js", "living.js"],
    "nb_execution_mode": "off",  # what the notebooks have stored is what is shown
    "myst_enable_extensions": ["dollarmath", "colon_fence"],
    "myst_heading_anchors": 4,
    "suppress_warnings": ["toc.not_included"],  # files that are reached by links alone
}


class BrokenSite(Exception):  # noqa: N818 - it is told in words, and is no bug of Python's
    """Something in the sources of the site does not hold together. Its text says what and where."""


def build_site(to: Path, alive: Collection[str] | None = None) -> None:
    """Build the site anew.

    Args:
        to: Folder; what an earlier build left there goes.
        alive: Lessons whose figures are to live; all of them if none are named. The others keep their stored pictures.

    Raises:
        BrokenSite: If a link leads nowhere, or anything else in the sources cannot be built as it is meant.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, static, html = (Path(folder) / name for name in ("source", "static", "html"))
        static.mkdir()
        figures = draw_all(static / "living", alive)
        Manuscript(source, Pictures(static / "pictures"), figures).write()
        with_contents(source)
        shutil.copytree(KEPT, static / "drawings")
        for path in (*LOOK.iterdir(), INTERACTIVE / "controls.css"):
            shutil.copy(path, static)
        write_scripts(static)
        _run_sphinx(source, html, {**SETTINGS, "html_static_path": [str(static)]})
        if faults := find_faults(html):
            raise BrokenSite("\n".join(faults))
        if to.exists():
            shutil.rmtree(to)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(html, to)


def _run_sphinx(source: Path, html: Path, settings: dict[str, Any]) -> None:
    told = io.StringIO()
    with warnings.catch_warnings(), patch_docutils(), docutils_namespace():  # so that a second site may follow
        for kind in (DeprecationWarning, PendingDeprecationWarning):
            warnings.simplefilter("ignore", kind)  # between Sphinx and MyST-NB
        app = Sphinx(source, None, html, html.with_name("doctrees"), "html", settings, status=None, warning=told)
        app.build()
    if said := told.getvalue().replace(f"{source}/", "").strip():
        raise BrokenSite(said)
