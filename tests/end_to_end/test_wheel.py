"""What `pip install` of a wheel gives: every file the code reads, and a `mayak` that does a day's work far from any checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from pipelines.settings import PROJECT
from pipelines.simulation import environment_of, plan_of

#: Nothing is compiled yet in a new environment: on a machine with other work a day's run alone has taken six minutes.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

#: What stands in a wheel; the other folders are of the checkout.
SHIPPED = ("pipelines", "assets", "sql", "dbt_like")


def ran(*command: str | Path, cwd: Path, environment: dict[str, str] | None = None) -> str:
    """What a command printed; its errors are the failure's message."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def tracked() -> set[str]:
    """Every file under version control, by its path in the project."""
    return set(ran("git", "ls-files", "-z", cwd=PROJECT).split("\0")) - {""}


@pytest.fixture(scope="module")
def wheel(tracked: set[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built offline, and from a copy: the checkout's ``build/`` would bring back files that are gone."""
    source = tmp_path_factory.mktemp("source")
    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        *(name for name in tracked if name.startswith(tuple(f"{part}/" for part in SHIPPED))),
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, source / name)
    built = tmp_path_factory.mktemp("wheel")
    ran(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "-w", built, source, cwd=built)
    (wheel,) = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scripts of an environment that holds the wheel and borrows, after it, the packages it needs from this one."""
    home = tmp_path_factory.mktemp("venv")
    ran(sys.executable, "-m", "venv", "--without-pip", home, cwd=home)
    python = home / "bin" / "python"
    ran(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=home)
    packages = Path(ran(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    (home / "bin" / "dbt").symlink_to(Path(sysconfig.get_path("scripts")) / "dbt")
    assert Path(ran(python, "-c", "import pipelines; print(pipelines.__file__)", cwd=home).strip()).is_relative_to(packages)
    return home / "bin"


def test_the_wheel_holds_every_file_and_no_other(wheel: Path, tracked: set[str]) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == {name for name in tracked if name.partition("/")[0] in SHIPPED}


@pytest.fixture(scope="module")
def programme(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with exports that the installed command wrote, and the environment of an installation over them."""
    folder = tmp_path_factory.mktemp("programme")
    ran(installed / "mayak", "simulate", folder / "exports", "--preset", "small", cwd=folder)
    settings = environment_of(folder / "exports", folder / "home", "a-key-for-invented-people")
    return folder, {"PATH": str(installed), "DAGSTER_DISABLE_TELEMETRY": "yes", **settings}


def test_the_installed_command_does_a_days_work(installed: Path, programme: tuple[Path, dict[str, str]]) -> None:
    mayak, (folder, environment) = installed / "mayak", programme
    assert "Usage: mayak" in ran(mayak, "--help", cwd=folder)
    day = plan_of("small").as_of.isoformat()
    ran(mayak, "run", "daily", "--as-of", day, cwd=folder, environment=environment)
    assert (folder / "home" / "deliveries" / "lists" / day / "index.html").exists()
    assert "raw" in ran(mayak, "status", cwd=folder, environment=environment)
    # By today's clock the invented exports are old, and the doctor says so: its exit code is 1.
    examined = subprocess.run([str(mayak), "doctor"], cwd=folder, env=environment, capture_output=True, text=True)
    assert (examined.stderr, "✓ warehouse" in examined.stdout) == ("", True)


def test_dagster_finds_its_definitions_there(installed: Path, programme: tuple[Path, dict[str, str]]) -> None:
    folder, environment = programme
    count = "from assets.definitions import defs; print(len(list(defs.resolve_all_asset_specs())))"
    assert int(ran(installed / "python", "-c", count, cwd=folder, environment=environment)) > 50
