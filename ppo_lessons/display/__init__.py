"""What stands still on a page: pictures and tables, and what they say in words."""
