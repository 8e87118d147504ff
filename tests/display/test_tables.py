"""Tables have columns in a page and as text; what differs between readers is compared by none."""

from ppo_lessons.display.tables import Note, Table


def test_a_note_shows_its_numbers_and_is_compared_by_none():
    note = Note(Table([["", "wins"], ["this team", "98 %"]]))._repr_mimebundle_()
    assert "98&nbsp;%" in note["text/html"] and "98" not in note["text/plain"]


def test_a_table_has_columns_in_the_page_and_as_text():
    table = Table([["", "a < b"], ["wins", "98 %"]])
    assert str(table) == "      a < b\nwins   98 %"
    bundle = table._repr_mimebundle_()
    assert bundle["text/plain"] == str(table)
    head, row = bundle["text/html"].splitlines()[1:3]
    assert head == '<tr><td></td><th scope="col">a &lt; b</th></tr>'
    assert row == '<tr><th scope="row">wins</th><td>98&nbsp;%</td></tr>'
