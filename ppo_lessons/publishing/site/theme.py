"""What Furo and Sphinx leave to be mended for screen readers."""

from typing import Any

from sphinx.application import Sphinx

CAPTION = 'role="heading"'
LEVEL = f'{CAPTION} aria-level="2"'


def with_levels(navigation: str) -> str:
    """Return the contents beside a page with the level that a heading by role has to have.

    Args:
        navigation: HTML.
    """
    return navigation.replace(CAPTION, LEVEL)


def _mend(app: Sphinx, name: str, template: str, context: dict[str, Any], tree: Any) -> None:
    if "furo_navigation_tree" in context:
        context["furo_navigation_tree"] = with_levels(context["furo_navigation_tree"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of it.

    Args:
        app: Sphinx.
    """
    app.connect("html-page-context", _mend, priority=900)  # after Furo
    return {"parallel_read_safe": True, "parallel_write_safe": True}
