"""Check every link in the Markdown files: `python -m deploy.links`, a part of `make lint`.

A link leads to a file of the repository, to a heading of a page (`page.md#heading`) or to a test
(`test_file.py#test_name`). A path in backticks, such as `schemas/topics.py`, must exist too, and so
must a page that a message or docstring of the code names. Web addresses are not checked.
"""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]

INLINE = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?\)")
DEFINITION = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
REFERENCE = re.compile(r"\[([A-Z]\d+[a-z])\](?![:(])")
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|md|sql|json|avsc|yaml|csv|toml|sh|yml))`")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
HISTORY = ("CHANGELOG.md",)
"""Pages about the past, which may name files that are gone."""
MADE_UP = re.compile(r"floor[-_]counts")
"""The topic of the recipe in `docs/adding-a-topic.md`."""


@cache
def anchors(path: Path) -> frozenset[str]:
    """Names to which `path#name` may lead: slugs of headings, or functions of a module."""
    text = path.read_text()
    if path.suffix == ".py":
        return frozenset(re.findall(r"^\s*(?:async )?def (\w+)", text, re.MULTILINE))
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.+?)\s*$", FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = sum(name == slug or name.startswith(f"{slug}-") for name in found)
        found.add(f"{slug}-{number}" if slug in found else slug)
    return frozenset(found)


def broken(page: Path) -> list[str]:
    """Broken links of a page, one message each."""
    text = FENCE.sub("", page.read_text())
    found = []
    defined = DEFINITION.findall(text)
    for link in INLINE.findall(text) + defined:
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if not path.exists():
            found.append(f"no file {link}")
        elif anchor and anchor not in anchors(path):
            found.append(f"no heading or test {link}")
    names = re.findall(r"^\[([^\]]+)\]:", text, re.MULTILINE)
    found += [f"no definition of [{name}]" for name in REFERENCE.findall(text) if name not in names]
    if page.name not in HISTORY:
        paths = [path for path in PATH.findall(text) if not MADE_UP.search(path)]
        found += [
            f"no file `{path}`"
            for path in paths
            if not (ROOT / path).exists() and not (page.parent / path).exists()
        ]
    return found


def missing_pages(module: Path) -> list[str]:
    """Pages that a module names and that do not exist."""
    named = re.findall(r"\b(?:docs|deploy)/[\w/-]+\.md\b", module.read_text())
    return [f"no file {name}" for name in named if not (ROOT / name).exists()]


def tracked(pattern: str) -> list[Path]:
    """Files of the repository, new ones too."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = [ROOT / name for name in sorted(set(listed.stdout.split()))]
    return [path for path in found if path.exists()]


def main() -> int:
    """Print every broken link of every page, and every page that code misses; 1 when one is."""
    pages, modules = tracked("*.md"), tracked("*.py")
    faults = [f"{page.relative_to(ROOT)}: {fault}" for page in pages for fault in broken(page)]
    faults += [
        f"{one.relative_to(ROOT)}: {fault}" for one in modules for fault in missing_pages(one)
    ]
    print("\n".join(faults) or f"links of {len(pages)} pages: all lead somewhere")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
