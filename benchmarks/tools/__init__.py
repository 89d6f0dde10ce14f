"""One module per tool: how it answers the questions of the benchmark."""
