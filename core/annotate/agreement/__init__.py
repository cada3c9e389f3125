"""How far the raters of a campaign agree, how each of them works, and where they disagree most."""
