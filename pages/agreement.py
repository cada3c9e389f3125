"""Agreement: what raters found - scores, ranking, errors, and how far raters agree."""

from app.text import page_header

page_header("Agreement", "What people found: scores, errors, and how far they agree.")
