"""One file per change to the schema; a file that was released is never changed."""
