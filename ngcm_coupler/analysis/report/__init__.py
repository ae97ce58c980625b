"""What a run has written, as one page with tables, time series and maps."""
