import re
from pathlib import Path

import pytest

from core.errors import SandboxFailed
from core.runtime.images import nebula
from core.runtime.images.recipe import OVERLAY, RECIPES, SPARK, Recipe, digest

each_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.repository)


@each_recipe
def test_every_file_of_a_recipe_counts_for_its_tag(recipe: Recipe) -> None:
    files = {path for path in recipe.folder.rglob("*") if path.is_file()}

    assert files == {*recipe.context, *recipe.ingredients}
    assert re.fullmatch(rf"{recipe.repository}:[0-9a-f]{{16}}", recipe.tag)


@each_recipe
def test_a_recipe_sets_down_what_its_dockerfile_copies(recipe: Recipe, tmp_path: Path) -> None:
    made_from_ingredients = {SPARK: {"spark"}, OVERLAY: {"nebula"}}[recipe]

    recipe.set_down(tmp_path)

    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (tmp_path / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert {name for line in copied for name in line.split()} == made_from_ingredients | {
        path.name for path in tmp_path.iterdir() if path.name != "Dockerfile"
    }


def test_two_recipes_have_two_tags() -> None:
    assert len({recipe.tag for recipe in RECIPES}) == len(RECIPES)


def test_a_digest_heeds_order_and_content_and_no_line_ends(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    one.write_bytes(b"a\nb\n")
    same.write_bytes(b"a\r\nb\r\n")
    other.write_bytes(b"a\n")

    assert digest(one) == digest(same)
    assert digest(one) != digest(other)
    assert digest(one, other) != digest(other, one)


def test_what_is_downloaded_is_locked_by_hash() -> None:
    for recipe, packages in ((SPARK, 2), (OVERLAY, 1)):
        lines = (recipe.folder / "requirements.txt").read_text("utf-8")

        assert len(re.findall(r"^[a-z0-9-]+==\S+ \\$", lines, re.MULTILINE)) == packages
        assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", lines)) >= packages


def test_nebula_is_pinned_and_everything_below_it_has_a_sum() -> None:
    module = (OVERLAY.folder / "nebula" / "go.mod").read_text("utf-8")
    sums = (OVERLAY.folder / "nebula" / "go.sum").read_text("utf-8")

    assert "github.com/slackhq/nebula v1.12.0\n" in module
    assert "github.com/slackhq/nebula v1.12.0 h1:" in sums


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("linux", "x86_64", "linux-amd64"),
        ("darwin", "arm64", "darwin-arm64"),
        ("win32", "AMD64", "windows-amd64.exe"),
    ],
)
def test_a_nebula_made_before_is_used_again(
    system: str, machine: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    kept = tmp_path / f"nebula-{digest(*OVERLAY.ingredients)}-{name}"
    kept.write_bytes(b"")

    found = nebula.binary(tmp_path, pytest.fail)

    assert found == kept


def test_a_machine_that_nebula_is_not_built_for_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    with pytest.raises(SandboxFailed, match=r"not built for \w+ on riscv64"):
        nebula.binary(tmp_path)
