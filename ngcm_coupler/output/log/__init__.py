"""What a run says while it runs: messages, progress, and where its time goes."""
