"""The protocols beside `/score`: their requests become calls of a flavor, its outputs answers."""
