"""One file somewhere: session, worker process, golden vectors, agreement, timing."""
