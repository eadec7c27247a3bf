"""Where the READMEs lead: every link arrives, and README's first table leads everywhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "examples" / "README.md")


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", page.read_text())


def anchors(page: Path) -> list[str]:
    """Return the anchors of the second-level headings, as forges make them."""
    titles: list[str] = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    return ["#" + re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_every_link_arrives(page: Path) -> None:
    for link in links(page):
        if link.startswith("#"):
            assert link in anchors(page), link
        elif not link.startswith("http"):
            assert (page.parent / link).exists(), link


def test_the_first_table_leads_to_every_section() -> None:
    (readme, _) = PAGES
    assert anchors(readme)
    assert set(anchors(readme)) <= set(links(readme))
