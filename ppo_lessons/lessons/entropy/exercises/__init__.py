"""The lesson's exercises."""
