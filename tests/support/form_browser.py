"""A browser of few words: it follows redirects, keeps cookies, and fills a page's form."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx


@dataclass
class Form:
    """A form of a page.

    Attributes:
        action: Where it is sent; empty for the page itself.
        fields: Its fields and their values.
        buttons: Names and values of the buttons that send it.
    """

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = True
            self.found.append(Form(given.get("action", "")))
        elif self._inside and tag in {"input", "button"} and "name" in given:
            sends = tag == "button" or given.get("type") == "submit"
            kept = self.found[-1].buttons if sends else self.found[-1].fields
            kept[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


class FormBrowser(httpx.Client):
    """A client of pages.

    Cookies that are for secure connections alone go to this machine, too, as browsers do it.

    Args:
        base_url: Address of the site that it visits.
    """

    def __init__(self, base_url: str = "") -> None:
        super().__init__(
            base_url=base_url,
            follow_redirects=True,
            timeout=30,
            event_hooks={"response": [self._trust_this_machine]},
        )

    def fill(self, page: httpx.Response, press: str | None = None, **values: str) -> httpx.Response:
        """Fill the first form of a page and send it.

        Args:
            page: The page.
            press: Name of the button to press, where the form has several.
            values: Values of fields.
        """
        forms = _Forms()
        forms.feed(page.text)
        assert forms.found, f"{page.url} has no form:\n{page.text}"
        form = forms.found[0]
        missing = values.keys() - form.fields.keys()
        assert not missing, f"the form of {page.url} has no field {missing}"
        pressed = {press: form.buttons[press]} if press else {}
        return self.post(page.url.join(form.action), data={**form.fields, **values, **pressed})

    def _trust_this_machine(self, _: httpx.Response) -> None:
        for cookie in self.cookies.jar:
            cookie.secure = False
