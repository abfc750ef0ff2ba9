"""The pages of a login, for whoever is not logged in."""

from html import escape
from urllib.parse import quote

from starlette.responses import HTMLResponse

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/board.css">
<link rel="stylesheet" href="/pages.css">
<link rel="stylesheet" href="/login.css">
</head>
<body class="door">
<main>
<h1 class="large">{title}</h1>
<p>{text}</p>
<p><a class="primary" href="{href}">{link}</a></p>
</main>
</body>
</html>
"""


def page(
    status: int, title: str, text: str, *, href: str, link: str, retry_after_s: int | None = None
) -> HTMLResponse:
    """A page with one sentence and one link.

    Args:
        status: HTTP status.
        title: Its heading.
        text: What there is to know.
        href: Where the link goes: a path of the board.
        link: Text of the link.
        retry_after_s: When trying again may help, s.
    """
    shown = {"title": title, "text": text, "href": href, "link": link}
    headers = {"Cache-Control": "no-store"}
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    html = _PAGE.format(**{name: escape(value) for name, value in shown.items()})
    return HTMLResponse(html, status, headers)


def provider_away(return_to: str) -> HTMLResponse:
    """The page in place of a redirect to a provider that does not answer."""
    return page(
        503,
        "Nobody can log in just now",
        "The login service does not answer. Users who are logged in stay logged in until their "
        "session ends; the board goes on.",
        href=f"/login?return_to={quote(return_to, safe='')}",
        link="Try again",
        retry_after_s=5,
    )
