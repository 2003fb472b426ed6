"""What people and their programs ask for: one module per noun, one function per verb."""
