"""Writers of costs as tables, plots and HTML pages."""
