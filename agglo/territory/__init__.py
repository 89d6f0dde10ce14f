"""Territory: where the agglomeration ends and how its centres share it."""
