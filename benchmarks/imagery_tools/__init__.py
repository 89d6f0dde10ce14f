"""How each tool answers the questions of the benchmark of imagery; one module per tool."""
