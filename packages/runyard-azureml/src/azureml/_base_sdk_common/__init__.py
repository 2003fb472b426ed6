"""Private in v1; scripts tell it by whose program they are."""
