"""Everything a workspace can do: one module per noun, one function per verb."""
