"""Programs around the application: checks, the browser for tests, the README's pictures."""
