"""Values under keys: in memory, files, Redis, Couchbase and S3, with caches and encryption."""
