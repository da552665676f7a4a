"""Exports that are many files: what a ZIP may be, and files of JSON objects in either form."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.sources.formats.archives import FolderTree, ZipTree, buffered, json_records, open_tree, read_whole
from tests.unit.sources.chat_reading import packed


def test_folder_and_zip_show_the_same_names(tmp_path: Path):
    files = {"b/2.txt": "2", "a.txt": "1", "__MACOSX/a.txt": "x", ".hidden/c.txt": "x", "b/.DS_Store": "x"}
    for name, content in files.items():
        file = tmp_path / "folder" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    trees = [open_tree(tmp_path / "folder"), open_tree(packed(tmp_path / "x.zip", files))]
    assert [tree.names() for tree in trees] == [["a.txt", "b/2.txt"]] * 2
    assert [read_whole(tree, "b/2.txt", 10) for tree in trees] == [b"2", b"2"]


@pytest.mark.parametrize(
    ("name", "charset"),
    [("Ирина Полевая_1/план.txt", "cp866"), ("Ирина Полевая_1/план.txt", "utf-8"), ("Müller_1/Übung.txt", "cp437")],
    ids=["Russian Windows", "macOS", "Western Windows"],
)
def test_names_that_do_not_say_their_encoding(name: str, charset: str, tmp_path: Path):
    raw = name.encode(charset)
    path = packed(tmp_path / "x.zip", {"x" * len(raw): "words"})
    path.write_bytes(path.read_bytes().replace(b"x" * len(raw), raw))
    tree = ZipTree(path)
    assert tree.names() == [name]
    assert read_whole(tree, name, 10) == b"words"


@pytest.mark.parametrize(("system", "names"), [(0, ["чат/2.txt"]), (3, ["чат\\", "чат\\2.txt"])], ids=["Windows", "elsewhere"])
def test_backslashes_between_folders(system: int, names: list[str], tmp_path: Path):
    """As PowerShell of Windows 10 packs: every file was taken for one of the uppermost folder."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("чат\\", "чат\\2.txt"):
            member = zipfile.ZipInfo(name)
            member.create_system = system
            archive.writestr(member, "2" if name.endswith("txt") else "")
    tree = ZipTree(tmp_path / "x.zip")
    assert tree.names() == names
    assert read_whole(tree, names[-1], 10) == b"2"


def test_file_larger_than_allowed(tmp_path: Path):
    with pytest.raises(BadFile, match="expected at most"):
        read_whole(ZipTree(packed(tmp_path / "x.zip", {"a": b"x" * 11})), "a", 10)


def test_encrypted_member(tmp_path: Path):
    path = packed(tmp_path / "x.zip", {"a.txt": "words"})
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", data, data.index(mark) + place, 1)
    path.write_bytes(data)
    with pytest.raises(BadFile, match="encrypted"):
        ZipTree(path).open("a.txt")


def test_damaged_member(tmp_path: Path):
    path = packed(tmp_path / "x.zip", {"a.txt": "words " * 1000})
    data = bytearray(path.read_bytes())
    data[45:60] = b"\xff" * 15
    path.write_bytes(data)
    with pytest.raises(BadFile, match="damage"):
        read_whole(ZipTree(path), "a.txt", 1 << 20)


def test_bomb_of_overlapping_members(tmp_path: Path):
    """Every member's directory entry points at the same packed bytes."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", b"\0" * (1 << 20))
        first = archive.infolist()[0]
        for number in range(1, 200):
            other = zipfile.ZipInfo(str(number))
            for name in ("header_offset", "file_size", "compress_size", "CRC", "compress_type"):
                setattr(other, name, getattr(first, name))
            archive.filelist.append(other)
            archive.NameToInfo[other.filename] = other
    with pytest.raises(BadFile, match="200 MiB packed into"):
        ZipTree(path)


def test_names_that_lead_outside_lead_nowhere(tmp_path: Path):
    tree = ZipTree(packed(tmp_path / "x.zip", {"../../outside.txt": "x", "/etc/outside.txt": "y"}))
    assert [read_whole(tree, name, 10) for name in tree.names() if name.endswith("outside.txt") and ".." not in name] == [b"y"]
    assert not (tmp_path.parent / "outside.txt").exists()


@pytest.mark.parametrize("content", [b"not a zip", b"", b"PK\x03\x04" + b"\0" * 100, b"PK\x05\x06" + b"\xff" * 18])
def test_files_that_are_no_archive(content: bytes, tmp_path: Path):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(BadFile, match="expected a whole ZIP archive"):
        ZipTree(tmp_path / "x.zip")


def test_lines_are_read_through_a_buffer(tmp_path: Path):
    with buffered(ZipTree(packed(tmp_path / "x.zip", {"a": "one\ntwo\n"})), "a") as content:
        assert content.readlines() == [b"one\n", b"two\n"]


def test_objects_one_a_line_or_in_a_list(tmp_path: Path):
    files = {"lines": '\ufeff{"a":1}\n\n[2]\nno json\n{"a":3}', "list": '[{"a":1},[2],{"a":3}]'}
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    tree = FolderTree(tmp_path)
    assert list(json_records(tree, "lines", "objects")) == [
        ("line 1", {"a": 1}, ""), ("line 3", None, "not an object"), ("line 4", None, "no JSON"), ("line 5", {"a": 3}, ""),
    ]  # fmt: skip
    assert list(json_records(tree, "list", "objects")) == [
        ("element 1", {"a": 1}, ""), ("element 2", None, "not an object"), ("element 3", {"a": 3}, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [("", "an empty file"), ("words\n" * 5, "something else"), ('{"a":1}\n{"a"', "cut off"), ('[{"a":1},', "the end of the file")],
)
def test_files_without_objects_or_cut_off(text: str, found: str, tmp_path: Path):
    (tmp_path / "x").write_text(text)
    with pytest.raises(BadFile, match=found):
        list(json_records(FolderTree(tmp_path), "x", "objects"))


def test_a_member_s_name_that_is_no_text_in_its_own_header(tmp_path: Path):
    path = packed(tmp_path / "x.zip", {"имя.txt": "words"})
    data = path.read_bytes()
    # The first of the two places that hold the name; the list at the end stays right.
    path.write_bytes(data.replace("имя".encode(), b"\xff" * 6, 1))
    with pytest.raises(BadFile, match="damage"):
        read_whole(ZipTree(path), "имя.txt", 100)
