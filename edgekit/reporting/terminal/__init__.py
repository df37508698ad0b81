"""What is printed for people: tables as wide as the terminal, whole lines into a pipe or a file."""
