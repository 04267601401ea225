"""``tuplecalc plot``: files, options, messages."""

import os
import stat
from pathlib import Path

import pytest

from tests.command import DIRECT, invoke, refused, run
from tuplecalc.render.figures import KINDS

NO_RATE = DIRECT.format(rate=7).split("\n", 1)[1].encode()
OLD = "<svg>the old one</svg>"
START = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_a_file_and_says_what_it_shows(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"{kind}.svg"
    done = run("plot", kind, "mixed-by-share" if kind == "region" else "outage", "-o", str(path))
    assert done.returncode == 0
    assert path.read_bytes().startswith(b"<?xml")
    assert done.stdout == b""
    said = done.stderr.decode()
    assert said.startswith(f"wrote {path}: ")
    assert said.count("\n") == 1
    assert len(said) > len(f"wrote {path}: ") + 10


@pytest.mark.parametrize("ending", START)
@pytest.mark.parametrize("upper", [False, True])
def test_the_ending_chooses_the_format(ending: str, upper: bool, tmp_path: Path) -> None:
    path = tmp_path / f"figure{ending.upper() if upper else ending}"
    invoke("plot", "shape", "cone", "-o", str(path))
    assert path.read_bytes().startswith(START[ending])


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.svg", "two.svg")]
    for path in paths:
        assert run("plot", "limits", "outage", "-o", str(path)).returncode == 0
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_dash_writes_svg_to_standard_output() -> None:
    done = run("plot", "shape", "cone", "-o", "-")
    assert done.returncode == 0
    assert done.stdout.startswith(b"<?xml")
    assert done.stdout.rstrip().endswith(b"</svg>")
    assert done.stderr == b""


def test_a_figure_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    path.write_text(OLD, encoding="utf-8")
    invoke("plot", "shape", "cone", "-o", str(path))
    assert path.read_bytes().startswith(b"<?xml")
    assert [each.name for each in tmp_path.iterdir()] == ["figure.svg"]


def test_a_figure_that_cannot_be_made_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    path.write_text(OLD, encoding="utf-8")
    refused(run("plot", "exhaustion", "-", "-o", str(path), stdin=NO_RATE))
    assert path.read_text(encoding="utf-8") == OLD


def test_exhaustion_needs_a_rate_from_the_file_or_the_option(tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    message = refused(run("plot", "exhaustion", "-", "-o", str(path), stdin=NO_RATE))
    assert message == "exhaustion needs an offered rate; write `rate` under [traffic], or --rate 700"
    assert not path.exists()
    done = run("plot", "exhaustion", "-", "-o", str(path), "--rate", "7", stdin=NO_RATE)
    assert done.returncode == 0
    assert path.exists()


def test_size_makes_a_half_page(tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    invoke("plot", "shape", "cone", "-o", str(path), "--size", "half-page")
    header = path.read_bytes()[16:24]
    assert (int.from_bytes(header[:4]), int.from_bytes(header[4:])) == (945, 645)


@pytest.mark.parametrize(
    ("option", "pixels"),
    [
        (("--scale", "2"), (2400, 1350)),
        (("--scale", "1/2"), (600, 338)),
        (("--dpi", "300"), (2400, 1350)),
        (("--dpi", "75", "--size", "half-page"), (472, 322)),
    ],
)
def test_a_picture_has_more_pixels_or_fewer(
    option: tuple[str, ...], pixels: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "figure.png"
    invoke("plot", "shape", "cone", "-o", str(path), *option)
    header = path.read_bytes()[16:24]
    found = int.from_bytes(header[:4]), int.from_bytes(header[4:])
    assert all(abs(one - other) <= 1 for one, other in zip(found, pixels, strict=True))


def test_the_kinds_of_a_region_are_named(tmp_path: Path) -> None:
    path = str(tmp_path / "figure.svg")
    said = invoke("plot", "region", "mixed-by-share", "-o", path, "--kinds", "redirected, transparent").stderr
    assert said.startswith(f"wrote {path}: redirected and transparent: at best 21,151/s, ")


def test_settings_and_knobs_are_taken(tmp_path: Path) -> None:
    path = str(tmp_path / "figure.svg")
    two = ["--vary", "hops.lvs.addresses=1..8", "--vary", "hops.lvs.time_wait=0s..4m"]
    found = [
        invoke("plot", kind, "outage", "-o", path, *more).stderr
        for kind, more in {
            "map": two,
            "rate": ["--vary", "hops.lvs.time_wait"],
            "limits": ["--of", "flows"],
            "shape": ["--set", "hops.lvs.addresses=2"],
        }.items()
    ]
    assert all(f"wrote {path}: " in each for each in found)
    assert "387,072 connections" in found[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["shape", "-o", "figure.gif"],
            '-o "figure.gif": a figure is a .svg, .png or .pdf file; end its name so, or write -',
        ),
        (
            ["shape", "-o", "figure"],
            '-o "figure": a figure is a .svg, .png or .pdf file; end its name so, or write -',
        ),
        (
            ["shape", "-o", "f.svg", "--of", "rate"],
            "--of rate: this is what the bars of `limits` are; leave it out for shape",
        ),
        (
            ["limits", "-o", "f.svg", "--vary", "traffic.hold=0s..9s"],
            '--vary "traffic.hold=0s..9s": this is for `rate` and `map`; leave it out for limits',
        ),
        (
            ["rate", "-o", "f.svg", "--vary", "traffic.hold", "--vary", "hops.lvs.addresses"],
            '--vary "hops.lvs.addresses": rate varies one knob; leave the others out',
        ),
        (
            ["limits", "-o", "f.svg", "--kinds", "a,b"],
            '--kinds "a,b": these are the two of `region`; leave it out for limits',
        ),
        (
            ["region", "-o", "f.svg", "--kinds", "login"],
            '--kinds "login": these are two names, as in --kinds login,play',
        ),
        (
            ["region", "-o", "f.svg"],
            "traffic.kinds: a mix has two kinds of traffic or more; there are none; write two or more",
        ),
        (
            ["shape", "-o", "f.png", "--dpi", "high"],
            '--dpi "high": this is a number from 30 to 1,200; write it as in --dpi 300',
        ),
        (
            ["shape", "-o", "f.png", "--dpi", "1201"],
            '--dpi "1201": this is a number from 30 to 1,200; write it as in --dpi 300',
        ),
        (
            ["shape", "-o", "f.png", "--scale", "0"],
            '--scale "0": this is a number from 0.2 to 8; write it as in --scale 2',
        ),
        (
            ["shape", "-o", "f.png", "--scale", "2", "--dpi", "300"],
            '--scale "2": --dpi says how many pixels already; leave one of them out',
        ),
        (
            ["shape", "-o", "f.svg", "--scale", "2"],
            '--scale "2": a .svg is as sharp at any size; leave it out, or write a .png',
        ),
        (
            ["shape", "-o", "f.pdf", "--dpi", "300"],
            '--dpi "300": a .pdf is as sharp at any size; leave it out, or write a .png',
        ),
        (
            ["shape", "-o", "f.svg", "--rate", "0"],
            '--rate "0": this is a rate above 0 and up to 1e18; write it as in --rate 700',
        ),
    ],
)
def test_what_does_not_fit_is_refused(arguments: list[str], message: str, tmp_path: Path) -> None:
    assert refused(run("plot", *arguments[:1], "outage", *arguments[1:], cwd=tmp_path)) == message
    assert not list(tmp_path.iterdir())


def test_the_chain_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "chain.svg"
    path.write_text(DIRECT.format(rate=7), encoding="utf-8")
    rule = "this is the file that is read, and would be lost; choose another path for the output"
    assert refused(run("plot", "shape", str(path), "-o", str(path))) == f"{path}: {rule}"
    assert path.read_text(encoding="utf-8") == DIRECT.format(rate=7)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "figure.svg"
    assert str(path) in refused(run("plot", "shape", "outage", "-o", str(path)))


def test_without_a_name_for_the_file_it_is_asked_for() -> None:
    rule = "this says where to write, and is missing; write -o shape.svg, or -o - for standard output"
    assert refused(run("plot", "shape", "outage")) == f"-o: {rule}"


def test_a_file_keeps_who_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    path.write_text(OLD, encoding="utf-8")
    path.chmod(0o640)
    invoke("plot", "shape", "cone", "-o", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_may_be_read_as_others_are(tmp_path: Path) -> None:
    path, umask = tmp_path / "figure.svg", os.umask(0o022)
    try:
        invoke("plot", "shape", "cone", "-o", str(path))
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
