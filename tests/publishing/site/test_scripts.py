"""Modules as classic scripts: what they export is found under one name."""

import pytest

from ppo_lessons.publishing.site.scripts import INTERACTIVE, NAMES, classic, write_scripts


def test_what_is_exported_is_found_under_a_name():
    module = "const x = 1;\nexport function mount() { return x; }\nfunction render() {}\n\nexport default { render };\n"
    assert classic(module, "ppoThing") == (
        "window.ppoThing = (() => {\nconst x = 1;\nfunction mount() { return x; }\nfunction render() {}\n"
        "return { mount, render };\n})();\n"
    )


@pytest.mark.parametrize("module", ["import x from 'y';\nexport default { x };\n", "export const x = 1;\n"])
def test_what_only_a_module_can_do_is_refused(module):
    with pytest.raises(ValueError, match="Got ppoThing"):
        classic(module, "ppoThing")


def test_theatre_and_knobs_are_written(tmp_path):
    assert write_scripts(tmp_path) == ["theatre.js", "controls.js"]
    for name in NAMES:
        line = (INTERACTIVE / f"{name}.js").read_text(encoding="utf-8").splitlines()[5]
        assert line in (tmp_path / f"{name}.js").read_text(encoding="utf-8"), "the same code, nothing written again"
