"""What every bundle holds, whoever takes it: a board, an app, a page."""
