"""What full builds measured, as tables of the README and of `docs/results.md`."""
