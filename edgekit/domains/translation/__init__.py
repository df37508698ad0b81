"""Translation: verse pairs, training and a word-by-word baseline."""
