"""`edgekit run`: ask what a bundle or a file answers, anywhere it can run, and draw the answers."""
