"""What every other part of edgekit uses: nouns, errors, paths, registry, child processes."""
