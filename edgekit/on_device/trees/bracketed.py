"""Binary trees of sentences, read from text with brackets: `(3 (2 a) (3 (3 good) (2 film)))`.

Brackets hold a word or two parts, each a word or brackets again. Before these may stand a label of
0 to 4, as in the Stanford Sentiment Treebank: `((a (good film)) .)` is a tree as well.

Source: Socher et al., Recursive Deep Models for Semantic Compositionality Over a Sentiment
Treebank, 2013, https://aclanthology.org/D13-1170.
"""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

LABELS = ("0", "1", "2", "3", "4")
UNLABELLED = -1
SHOWN = 60
"""Signs of a line that a message repeats."""

_TOKEN = re.compile(r"[()]|[^ \t\r\n()]+")
"""A space that breaks no line belongs to a word: the treebank has `8\xa01/2`."""

_BRACKETS = {"(": "-lrb-", ")": "-rrb-", '"': "''"}
_PUNCTUATION = re.compile(r"(n't|'(?:s|re|ve|ll|d|m))(?![\w'])|(\.\.\.|--|[^\w\s'-])")


class Tree(NamedTuple):
    """A sentence as a binary tree. Its nodes are the words, then the phrases.

    Attributes:
        words: From left to right: nodes 0 up.
        children: Of each phrase the left and the right node; both have smaller numbers than the
            phrase. The last phrase is the root; of a single word, the word is.
        labels: Of each node 0 to 4, or -1 where there is none.
    """

    words: Sequence[str]
    children: Sequence[Tuple[int, int]]
    labels: Sequence[int]


class _Brackets(NamedTuple):
    """What open brackets hold so far: a label, nodes (phrases as `~number`), and bare words."""

    label: int
    parts: List[int]
    bare: List[int]


def read_tree(line: str) -> Tree:
    """Read a tree of any depth.

    Raises:
        ValueError: The text is no such tree; the sentence says why.

    Example:
        >>> read_tree("(3 (2 a) (3 (3 good) (2 film)))")
        Tree(words=['a', 'good', 'film'], children=[(1, 2), (0, 3)], labels=[2, 3, 2, 3, 3])
    """
    tokens = _TOKEN.findall(line)
    words: List[str] = []
    word_labels: List[int] = []
    phrases: List[Tuple[int, int]] = []
    labels: List[int] = []
    waiting: List[_Brackets] = []
    root: Optional[int] = None
    for number, token in enumerate(tokens):
        if root is not None:
            raise _no_tree(line, f"'{token}' stands after its end")
        if token == "(":
            waiting.append(_Brackets(_label_at(tokens, number + 1), [], []))
        elif not waiting:
            raise _no_tree(line, f"'{token}' stands outside of brackets")
        elif token != ")":
            if tokens[number - 1] == "(" and waiting[-1].label != UNLABELLED:
                continue
            waiting[-1].parts.append(len(words))
            waiting[-1].bare.append(len(words))
            words.append(token)
            word_labels.append(UNLABELLED)
        else:
            label, parts, bare = waiting.pop()
            if len(parts) == 2:
                node = ~len(phrases)
                phrases.append((parts[0], parts[1]))
                labels.append(label)
            elif len(parts) == 1 and bare:
                (node,) = parts
                word_labels[node] = label
            else:
                what = "nothing but other brackets" if len(parts) == 1 else f"{len(parts)} parts"
                raise _no_tree(line, f"brackets hold {what}, where a word or two parts are allowed")
            if waiting:
                waiting[-1].parts.append(node)
            else:
                root = node
    if root is None:
        count = len(waiting)
        raise _no_tree(line, f"{count} brackets are not closed" if count else "there is nothing")
    count = len(words)
    children = [(_numbered(left, count), _numbered(right, count)) for left, right in phrases]
    return Tree(words, children, word_labels + labels)


def write_tree(tree: Tree) -> str:
    """Return a tree as a line that `read_tree` reads; nodes without a label have none.

    Example:
        >>> write_tree(Tree(["a", "film"], [(0, 1)], [-1, 2, 3]))
        '(3 a (2 film))'
    """
    count = len(tree.words)
    lines: List[str] = []
    for node, label in enumerate(tree.labels):
        begin = "(" if label == UNLABELLED else f"({label} "
        if node >= count:
            left, right = tree.children[node - count]
            lines.append(f"{begin}{lines[left]} {lines[right]})")
        elif label == UNLABELLED and tree.children:
            lines.append(tree.words[node])
        else:
            lines.append(f"{begin}{tree.words[node]})")
    return lines[-1]


def split_sentence(text: str) -> List[str]:
    """Return the words and marks of a sentence as the treebank has them: "doesn't" is two words.

    Example:
        >>> split_sentence("It doesn't work (at all).")
        ['It', 'does', "n't", 'work', '-lrb-', 'at', 'all', '-rrb-', '.']
    """
    text = text.replace("\u2019", "'").replace("\u2018", "'")
    words = _PUNCTUATION.sub(lambda found: f" {found.group()} ", text).split()
    return [_BRACKETS.get(word, word) for word in words]


def known_as(word: str) -> str:
    """Return a word as a vocabulary has it: in lower case, without the treebank's backslashes."""
    return word.lower().replace("\\", "")


def right_branching(words: Sequence[str]) -> Tree:
    """Return the tree in which each word is joined with all that follow it.

    Raises:
        ValueError: There is no word.

    Example:
        >>> right_branching(["not", "a", "film"]).children
        [(1, 2), (0, 3)]
    """
    _check_words(words)
    count = len(words)
    children: List[Tuple[int, int]] = []
    last = count - 1
    for word in reversed(range(count - 1)):
        children.append((word, last))
        last = count + len(children) - 1
    return Tree(list(words), children, [UNLABELLED] * (2 * count - 1))


def balanced(words: Sequence[str]) -> Tree:
    """Return the tree that joins neighbours, then what was joined, and so on.

    Raises:
        ValueError: There is no word.

    Example:
        >>> balanced(["not", "a", "good", "film"]).children
        [(0, 1), (2, 3), (4, 5)]
    """
    _check_words(words)
    count = len(words)
    children: List[Tuple[int, int]] = []
    nodes = list(range(count))
    while len(nodes) > 1:
        joined = []
        for left, right in zip(nodes[::2], nodes[1::2]):
            joined.append(count + len(children))
            children.append((left, right))
        nodes = joined + nodes[2 * len(joined) :]
    return Tree(list(words), children, [UNLABELLED] * (2 * count - 1))


def spans(tree: Tree) -> List[Tuple[int, int]]:
    """Return the first word of each node and the one after its last."""
    found = [(word, word + 1) for word in range(len(tree.words))]
    for left, right in tree.children:
        found.append((found[left][0], found[right][1]))
    return found


def _label_at(tokens: Sequence[str], number: int) -> int:
    """Return the label at the beginning of brackets; alone in them, a figure is a word."""
    if len(tokens) > number + 1 and tokens[number] in LABELS and tokens[number + 1] != ")":
        return int(tokens[number])
    return UNLABELLED


def _numbered(node: int, num_words: int) -> int:
    return node if node >= 0 else num_words + ~node


def _check_words(words: Sequence[str]) -> None:
    if not words:
        raise ValueError("There is no word; give a sentence, or a tree in brackets.")


def _no_tree(line: str, why: str) -> ValueError:
    shown = line.strip()
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
    return ValueError(
        f"'{shown}' is no tree: {why}; write '(3 (2 a) (3 (3 good) (2 film)))', or the same "
        "without the labels 0 to 4."
    )
