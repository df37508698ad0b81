"""Public data sets: where they are published, how they are downloaded, converted and checked."""
