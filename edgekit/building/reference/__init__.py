"""The float reference of a build: trained, held against its signature, its data named."""
