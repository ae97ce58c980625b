"""What a run leaves: history, budgets, restarts, recordings and its log."""
