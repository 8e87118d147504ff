"""The command: what it says when the site stands, and when it does not."""

from ppo_lessons.publishing.site import __main__ as command
from ppo_lessons.publishing.site.book import BrokenSite


def test_it_says_where_the_site_is(tmp_path, monkeypatch, capsys):
    built = []
    monkeypatch.setattr(command, "build_site", built.append)
    monkeypatch.setattr("sys.argv", ["site", "--to", str(tmp_path)])
    assert command.main() == 0
    assert built == [tmp_path]
    assert str(tmp_path / "index.html") in capsys.readouterr().out


def test_what_is_broken_is_told(monkeypatch, capsys):
    def broken(to):
        raise BrokenSite("index.md: a link leads nowhere")

    monkeypatch.setattr(command, "build_site", broken)
    monkeypatch.setattr("sys.argv", ["site"])
    assert command.main() == 1
    assert capsys.readouterr().out == "index.md: a link leads nowhere\n"
