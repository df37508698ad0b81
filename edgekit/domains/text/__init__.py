"""Words and texts: corpora, vocabularies, language models, word vectors."""
