"""Private packages of v1, for what public scripts import from them."""
