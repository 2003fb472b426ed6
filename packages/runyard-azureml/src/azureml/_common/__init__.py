"""Private in v1; scripts import its base of all errors."""
