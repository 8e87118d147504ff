from ppo_lessons.publishing.terms import TERMS


def test_each_word_is_explained_once():
    words = [term.term.lower() for term in TERMS]
    assert len(set(words)) == len(words)
    assert all(term.meaning and not term.meaning.endswith(".") for term in TERMS)
