"""S3: objects as files, listings, conditional writes, uploads."""
