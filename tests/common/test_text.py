"""Names as people search and sort them."""

import pytest

from common.text import digits, fold, mask_digits, sort_key, words


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Carla", "carla"),
        ("Núñez", "nunez"),
        ("Straße", "strasse"),
        ("Łukasz Øvergård", "lukasz overgard"),
        ("ＡＢＣ１２", "abc12"),
        ("ÅNGSTRÖM", "angstrom"),
    ],
)
def test_case_accents_and_width_do_not_matter(typed, folded):
    assert fold(typed) == folded


def test_each_chinese_character_is_a_word_and_latin_words_stay_whole():
    assert words("陈美玲") == ["陈", "美", "玲"]
    assert words("Chen 美玲 O'Neill-García") == ["chen", "美", "玲", "o", "neill", "garcia"]
    assert words("A股2号") == ["a", "股", "2", "号"]


def test_folding_twice_changes_nothing():
    for text in ("İstanbul", "Ǆ", "ﬁ", "한국", "Ærøskøbing"):
        assert fold(fold(text)) == fold(text)


def test_sort_key_is_never_empty_for_a_name():
    assert sort_key("Ángela de la O") == "angela de la o"
    assert sort_key("!!!") == "!!!"
    assert len(sort_key("x" * 500)) == 200


def test_only_ascii_digits_are_digits_and_all_but_three_are_masked():
    assert digits("+34 600-111") == "34600111"
    assert digits("٣") == ""
    assert mask_digits("600 111 222") == "••• ••• 222"
