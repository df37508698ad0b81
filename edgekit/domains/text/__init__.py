"""Text: corpora, vocabularies, language models and word vectors."""
