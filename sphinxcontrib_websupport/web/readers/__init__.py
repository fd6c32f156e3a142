"""Who is reading: each way to tell is a file; they are asked one after the other."""
