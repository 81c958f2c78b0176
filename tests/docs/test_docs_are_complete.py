"""What exists is documented, and what is documented exists."""

import re
from pathlib import Path

import msgspec
import pytest

from server.api.routes import ROUTES
from shared.permissions import Permission
from shared.settings import AgentSettings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def agent_settings() -> list[str]:
    """``section.key`` for every setting of chatbot_config.yaml."""
    names = []
    for section in msgspec.structs.fields(AgentSettings):
        assert isinstance(section.type, type)
        names += [f"{section.name}.{field.name}" for field in msgspec.structs.fields(section.type)]
    return names


@pytest.mark.parametrize("name", agent_settings())
def test_every_agent_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "using.md").read_text()


@pytest.mark.parametrize("permission", Permission)
def test_every_permission_is_documented(permission: Permission) -> None:
    assert f"`{permission}`" in (ROOT / "docs" / "running-a-backend.md").read_text()


@pytest.mark.parametrize("permission", Permission)
def test_a_permission_is_marked_as_long_as_no_route_asks_for_it(permission: Permission) -> None:
    asked = {
        wanted for route in ROUTES for wanted in (route.permission, *route.also, route.extra, route.export)
    }
    page = (ROOT / "docs" / "running-a-backend.md").read_text()
    assert (f"\n| `{permission}` ¹ |" in page) == (permission not in asked)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_opens_with_a_title(page: Path) -> None:
    assert page.read_text().startswith("# ")
