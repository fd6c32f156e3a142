"""Moving all that a store holds to another one, or to a file and back."""
