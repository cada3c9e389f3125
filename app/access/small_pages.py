"""The few pages that stand outside the application: whole in themselves, no external files."""

from __future__ import annotations

from html import escape

# A link with the token behind `#`, as it is printed at start: the token reaches no log, no history
# and no other site, because browsers send nothing behind that sign.
TOKEN_SCRIPT = """
const field = document.getElementById("token");
if (location.hash.length > 1 && field) {
  field.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  field.form.submit();
}
"""

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 Inter, "Noto Sans", sans-serif; }
body { margin: 12vh auto; max-width: 26rem; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
input, button { padding: 0.6rem 0.75rem; margin-top: 0.4rem; border-radius: 0.5rem; }
input { border: 1px solid GrayText; }
button { border: 0; margin-top: 0.9rem; background: #0b6e4f; color: #fff; cursor: pointer; }
:is(input, button, a):focus-visible { outline: 3px solid #c2410c; outline-offset: 2px; }
.error { border-left: 4px solid #c2410c; padding-left: 0.75rem; }
small { display: block; margin-top: 1.5rem; }
"""


def token_page(*, error: str = "", has_provider: bool = False) -> str:
    """Gives the form for the token that was printed at start.

    Args:
        error: A sentence on what went wrong; shown as it is.
        has_provider: Whether one can sign in with an organisation's account instead.
    """
    said = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    sign_in = '<p><a href="/sign-in">Sign in with your account</a></p>' if has_provider else ""
    return _page(
        "Who is there?",
        f"""{said}{sign_in}
<form method="post" action="/token">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="off" required maxlength="200"
 autofocus aria-describedby="where">
<button type="submit">Enter</button>
</form>
<small id="where">The token was printed where the application was started. If you were invited to
judge or to work here, open your personal link instead; you need no token.</small>
<script>{TOKEN_SCRIPT}</script>""",
    )


def message_page(title: str, sentence: str, *, path: str = "", link: str = "") -> str:
    """Gives a page that says one thing.

    Args:
        title: Its heading.
        sentence: What it says; shown as it is.
        path: Where a link below leads; empty for none.
        link: What the link says.
    """
    way = f'<p><a href="{escape(path)}">{escape(link)}</a></p>' if path else ""
    return _page(title, f"<p>{escape(sentence)}</p>{way}")


def unknown_page(sentence: str, sign_out: str) -> str:
    """Gives the page for somebody who signed in and is not known.

    Args:
        sentence: Why not; shown as it is.
        sign_out: Path that ends the sign-in.
    """
    return message_page("Not known here", sentence, path=sign_out, link="Sign out")


def _page(title: str, body: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>adaptMLLM · {escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{body}
</main>
</body>
</html>
"""
