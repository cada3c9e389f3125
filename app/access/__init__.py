"""Who may enter: the page server's doors, the routes of links and tokens, headers, settings."""
