"""Trees in brackets: what is read, what is refused, and sentences without brackets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.on_device.trees.bracketed import (
    UNLABELLED,
    Tree,
    balanced,
    known_as,
    read_tree,
    right_branching,
    spans,
    split_sentence,
    write_tree,
)

WORDS = st.text(
    st.characters(exclude_characters=" \t\r\n()", exclude_categories=["Cs"]), min_size=1
)


@st.composite
def trees(draw: st.DrawFn, most: int = 12) -> Tree:
    """Trees of any shape, each node with a label or without."""
    words = draw(st.lists(WORDS, min_size=1, max_size=most))
    children, nodes = [], list(range(len(words)))
    while len(nodes) > 1:
        at = draw(st.integers(0, len(nodes) - 2))
        children.append((nodes[at], nodes[at + 1]))
        nodes[at : at + 2] = [len(words) + len(children) - 1]
    number = len(words) + len(children)
    labels = draw(st.lists(st.integers(UNLABELLED, 4), min_size=number, max_size=number))
    return Tree(words, children, labels)


@given(trees())
def test_what_is_written_is_read(tree: Tree) -> None:
    tree = tree._replace(words=[f"w{word}" for word in tree.words])  # a figure may be a label
    assert write_tree(read_tree(write_tree(tree))) == write_tree(tree)
    assert list(read_tree(write_tree(tree)).words) == list(tree.words)


@given(st.text(alphabet="() ab04", max_size=40))
def test_any_text_is_a_tree_or_refused_in_one_sentence(text: str) -> None:
    try:
        tree = read_tree(text)
    except ValueError as error:
        said = str(error)
    else:
        check_numbers(tree)
        return
    assert said.count("is no tree: ") == 1
    assert said.endswith("without the labels 0 to 4.")


def check_numbers(tree: Tree) -> None:
    """Hold a tree against what `Tree` promises of its nodes."""
    assert len(tree.labels) == 2 * len(tree.words) - 1
    assert len(tree.children) == len(tree.words) - 1
    used = sorted(child for pair in tree.children for child in pair)
    assert used == list(range(len(tree.labels) - 1))
    for number, pair in enumerate(tree.children):
        assert max(pair) < len(tree.words) + number


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is nothing"),
        ("film", "'film' stands outside of brackets"),
        ("(2 film) .", "'.' stands after its end"),
        ("(2 film))", r"'\)' stands after its end"),
        ("(3 (2 good) (2 film)", "1 brackets are not closed"),
        (")", r"'\)' stands outside of brackets"),
        ("(a good film)", "brackets hold 3 parts"),
        ("()", "brackets hold 0 parts"),
        ("(3 ((2 good)))", "brackets hold nothing but other brackets"),
        ("(NP (DT the) (NN film))", "brackets hold 3 parts"),
    ],
)
def test_what_is_no_tree_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"is no tree: {why}"):
        read_tree(text)


def test_a_long_line_is_not_repeated_whole() -> None:
    with pytest.raises(ValueError, match=r"'\({60}\.\.\.' is no tree: 100000 brackets") as error:
        read_tree("(" * 100_000)
    assert len(str(error.value)) < 300


def test_no_depth_is_too_deep() -> None:
    depth = 20_000
    tree = read_tree("(2 (2 a) " * depth + "(2 b)" + ")" * depth)
    assert len(tree.words) == depth + 1
    assert spans(tree)[-1] == (0, depth + 1)
    assert len(read_tree("((a) " * depth + "(b)" + ")" * depth).children) == depth


def test_a_figure_is_a_label_where_something_follows_it() -> None:
    assert read_tree("(2 3)") == Tree(["3"], [], [2])
    assert read_tree("(3)") == Tree(["3"], [], [-1])
    assert read_tree("(12 films)").words == ["12", "films"]


def test_a_space_that_breaks_no_line_belongs_to_a_word() -> None:
    assert read_tree("(2 8\xa01\\/2)").words == ["8\xa01\\/2"]
    assert known_as("8\xa01\\/2") == "8\xa01/2"


@given(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=70))
def test_trees_without_a_parse_cover_all_words(words: list[str]) -> None:
    for tree in (right_branching(words), balanced(words)):
        assert spans(tree)[-1] == (0, len(words))
        text = write_tree(tree)
        assert write_tree(read_tree(text)) == text


@given(st.text())
def test_words_of_any_sentence_fit_in_brackets(text: str) -> None:
    words = split_sentence(text)
    for word in words:
        assert "(" not in word
        assert ")" not in word


def test_sentences_are_split_as_the_treebank_is() -> None:
    assert split_sentence("It\u2019s well-made, isn't it?") == (
        ["It", "'s", "well-made", ",", "is", "n't", "it", "?"]
    )
    with pytest.raises(ValueError, match="There is no word; give a sentence"):
        right_branching(split_sentence(" "))
