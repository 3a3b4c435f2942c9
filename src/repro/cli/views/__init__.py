"""What commands show: pure functions from runs to pages and tables."""
