"""The store of compiled code: it touches its own files only, and takes nobody else's code."""

from __future__ import annotations

import grp
import logging
import os
import pwd
import stat

import jax
import pytest

from ngcm_coupler.device.compilation import (
    Store,
    folder,
    jax_cache_problem,
    ownership,
    refuse_strangers,
    use_jax_cache,
)

DEVICE = jax.devices("cpu")[0]
NAMES = [f"the_interval-{number:024x}" for number in range(5)]


@pytest.fixture(autouse=True)
def reach(tmp_path, monkeypatch):
    """Lets the way begin below the folder of the test, which nobody else can enter."""
    way = ownership._way
    monkeypatch.setattr(
        ownership,
        "_way",
        lambda place: (step for step in way(place) if tmp_path in step[0].parents),
    )


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "kept")


@pytest.fixture
def strangers(monkeypatch):
    """Takes paths that are to count as another user's, whoever runs the tests."""
    theirs = set()

    def add(path):
        found = os.lstat(path)
        theirs.add((found.st_dev, found.st_ino))

    own = ownership._is_own
    monkeypatch.setattr(
        ownership,
        "_is_own",
        lambda found: (found.st_dev, found.st_ino) not in theirs and own(found),
    )
    return add


@pytest.fixture
def jax_folder(monkeypatch):
    """JAX without a cache of its user's choice, and back to it."""
    before = jax.config.jax_compilation_cache_dir
    monkeypatch.setattr("jax.experimental.compilation_cache.compilation_cache.reset_cache", int)
    jax.config.update("jax_compilation_cache_dir", None)
    yield lambda: jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", before)


# What it removes.


def names(store):
    return sorted(path.name for path in store.place.iterdir())


def test_a_full_store_forgets_what_has_not_been_used_for_longest(store, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("ngcm_coupler.device.compilation.store._MOST_BYTES", 3000)
    old, used, new, newest = NAMES[:4]
    for number, name in enumerate((old, used, new)):
        store.write(name, bytes(900))
        os.utime(store.place / f"{name}.executable", (number, number))
    store.read(old)  # now the newest
    store.write(newest, bytes(900))
    assert names(store) == [f"{name}.executable" for name in (old, new, newest)]
    assert f"{used}.executable is removed" in caplog.text
    assert store.size() == 3 * (900 + 32 + len(b"ngcm_coupler executable 1\n"))


@pytest.mark.parametrize(
    "name",
    [
        "precious_history.nc",
        "thesis.tex",
        ".hidden",
        "my.executable",
        f"{NAMES[4]}.executable.gz",
        f"{NAMES[4]}.executable",  # by its name alone
        f".{NAMES[4]}.executable.abc.part",
        "tmpabc.part",
        f"{NAMES[4]}.nc",
    ],
)
def test_nothing_of_the_users_is_removed_however_old_and_big_it_is(store, monkeypatch, name):
    monkeypatch.setattr("ngcm_coupler.device.compilation.store._MOST_BYTES", 1500)
    store.place.mkdir()
    theirs = store.place / name
    with theirs.open("wb") as file:
        file.truncate(10_000)
    os.utime(theirs, (0, 0))
    for each in NAMES[:2]:
        store.write(each, bytes(900))
    assert theirs.stat().st_size == 10_000
    assert f"{NAMES[1]}.executable" in names(store)


def test_links_folders_and_pipes_of_such_names_stay(store, monkeypatch, tmp_path):
    monkeypatch.setattr("ngcm_coupler.device.compilation.store._MOST_BYTES", 0)
    store.write(NAMES[0], bytes(900))
    thesis = tmp_path / "thesis"
    thesis.write_bytes(b"ngcm_coupler executable 1\n")
    (store.place / f"{NAMES[1]}.executable").symlink_to(thesis)
    (store.place / f"{NAMES[2]}.executable").mkdir()
    os.mkfifo(store.place / f"{NAMES[3]}.executable")
    store.write(NAMES[4], bytes(900))
    assert names(store) == [f"{name}.executable" for name in NAMES[1:4]]
    assert thesis.exists()
    assert [store.read(name) for name in NAMES[1:4]] == [None] * 3


def test_what_a_killed_writer_has_left_is_removed_with_the_rest(store, monkeypatch):
    monkeypatch.setattr("ngcm_coupler.device.compilation.store._MOST_BYTES", 1500)
    store.write(NAMES[0], bytes(900))
    left = store.place / f".{NAMES[0]}.executable.x1_y2z.part"
    (store.place / f"{NAMES[0]}.executable").rename(left)
    os.utime(left, (0, 0))
    store.write(NAMES[1], bytes(900))
    assert names(store) == [f"{NAMES[1]}.executable"]


def test_a_name_that_no_file_can_have_costs_no_more_than_a_line(tmp_path, caplog):
    for name in ("\0", "x" * 300):
        place = tmp_path / name
        assert not Store(place).write(NAMES[0], b"code")
        assert Store(place).read(NAMES[0]) is None
    assert caplog.text.count("nothing is kept for the next run") == 2


# Whose it is.


@pytest.mark.parametrize("mode", [0o602, 0o666, 0o606])
def test_a_file_that_others_may_write_to_is_not_read(store, caplog, mode):
    store.write(NAMES[0], b"code")
    (store.place / f"{NAMES[0]}.executable").chmod(mode)
    assert store.read(NAMES[0]) is None
    assert "others than its user could change it" in caplog.text


def test_a_file_of_another_user_is_not_read(store, strangers, caplog):
    store.write(NAMES[0], b"code")
    assert store.read(NAMES[0]) == b"code"
    strangers(store.place / f"{NAMES[0]}.executable")
    assert store.read(NAMES[0]) is None
    assert "others than its user could change it" in caplog.text


@pytest.mark.parametrize("mode", [0o777, 0o757, 0o1777, 0o703])
def test_a_folder_that_others_may_write_to_is_not_used(store, caplog, mode):
    store.write(NAMES[0], b"code")
    store.place.chmod(mode)
    assert store.problem() == f"others may write to {store.place}"
    assert store.read(NAMES[0]) is None
    assert "others may write to" in caplog.text


def test_a_folder_of_another_user_is_not_used(store, strangers):
    store.place.mkdir()
    assert store.problem() == ""
    strangers(store.place)
    assert store.problem().startswith(f"{store.place} belongs to user ")


def test_a_group_may_write_if_it_is_the_users_own(store, monkeypatch):
    store.place.mkdir()
    store.place.chmod(0o775)
    for own in True, False:
        monkeypatch.setattr(ownership, "_is_own_group", lambda _, own=own: own)
        assert (store.problem() == "") == own


def test_a_group_is_the_users_own_by_its_name_and_without_members(monkeypatch):
    def own(name, members):
        monkeypatch.setattr("pwd.getpwuid", lambda _: pwd.struct_passwd(("anna", *"x34567")))
        monkeypatch.setattr("grp.getgrgid", lambda _: grp.struct_group((name, "x", 7, members)))
        return ownership._is_own_group(7)

    assert own("anna", []) and own("anna", ["anna"])
    assert not own("anna", ["anna", "bob"]) and not own("users", [])


def test_below_a_folder_that_nobody_else_can_enter_permissions_are_of_no_matter(tmp_path):
    home = tmp_path / "home"
    (home / "cache").mkdir(parents=True)
    (home / "cache").chmod(0o777)
    home.chmod(0o755)
    assert ownership.problem(home / "cache")
    home.chmod(0o700)
    assert ownership.problem(home / "cache") == ""


def test_a_folder_on_the_way_may_be_of_all_if_it_is_sticky(tmp_path):
    place = tmp_path / "tmp" / "mine"
    place.mkdir(parents=True)
    for mode, text in (0o1777, ""), (0o777, f"others may write to {place.parent}"):
        place.parent.chmod(mode)
        for folder_ in place, place / "to be made" / "in it":
            assert ownership.problem(folder_) == text


def test_a_folder_on_the_way_may_be_a_projects(tmp_path, strangers):
    place = tmp_path / "project" / "mine"
    place.mkdir(parents=True)
    place.parent.chmod(0o2775)
    strangers(place.parent)
    assert ownership.problem(place) == ""


@pytest.mark.parametrize("where", ["itself", "on the way", "beyond another"])
def test_a_link_on_the_way_must_be_the_users_own(tmp_path, strangers, where):
    (tmp_path / "there" / "cache").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to({"itself": "there/../there/cache"}.get(where, tmp_path / "there"))
    place = link if where == "itself" else link / "cache"
    if where == "beyond another":
        place = tmp_path / "first"
        place.symlink_to("link/cache")
    assert ownership.problem(place) == ""
    strangers(link)
    assert ownership.problem(place).startswith(f"the link {link} belongs to user ")


def test_links_that_lead_nowhere_or_round_end(tmp_path):
    (tmp_path / "round").symlink_to("round/x")
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    for name in "round", "nowhere":
        assert ownership.problem(tmp_path / name) == ""
        assert Store(tmp_path / name).write(NAMES[0], b"code") is False


def test_the_folder_of_a_user_without_a_home_may_have_been_made_by_another(
    tmp_path, monkeypatch, strangers
):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: {}[_])
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    place = folder("")
    place.mkdir()
    assert Store(place).problem() == ""
    strangers(place)
    assert "belongs to user" in Store(place).problem()


def test_the_users_own_cache_folder_is_closed_to_the_group(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "ngcm_coupler").mkdir()
    (tmp_path / "ngcm_coupler").chmod(0o775)
    assert stat.S_IMODE(folder("").stat().st_mode) == 0o755


# JAX's own cache beside it.


def test_the_cache_of_jax_is_made_where_nobody_else_can_enter(store, jax_folder):
    umask = os.umask(0o002)
    try:
        use_jax_cache(store.place, DEVICE)
        (made,) = (store.place / "jax").iterdir()
        (made / "x-cache").write_bytes(b"code")
    finally:
        os.umask(umask)
    assert jax_folder() == str(made)
    for place in made, made.parent, store.place:
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert jax_cache_problem(store.place, DEVICE) == ""


@pytest.mark.parametrize("whose", ["folder", "file", "link"])
def test_a_cache_of_jax_with_anything_of_others_is_not_used(
    store, jax_folder, strangers, caplog, whose
):
    use_jax_cache(store.place, DEVICE)
    (made,) = (store.place / "jax").iterdir()
    jax.config.update("jax_compilation_cache_dir", None)
    match whose:
        case "folder":
            strangers(made)
        case "file":
            (made / "x-cache").write_bytes(b"code")
            strangers(made / "x-cache")
        case "link":
            (made / "x-cache").symlink_to("/tmp/code")
    use_jax_cache(store.place, DEVICE)
    assert jax_folder() is None
    assert "JAX's cache is not used" in caplog.text


def test_a_cache_that_the_user_has_chosen_for_jax_obeys_the_same_rule(tmp_path, jax_folder, caplog):
    jax.config.update("jax_compilation_cache_dir", "gs://bucket/cache")
    refuse_strangers()
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "chosen"))
    (tmp_path / "chosen").mkdir()
    refuse_strangers()
    assert jax_folder() == str(tmp_path / "chosen") and not caplog.text
    (tmp_path / "chosen").chmod(0o1777)
    refuse_strangers()
    assert jax_folder() is None
    assert "let JAX_COMPILATION_CACHE_DIR name a folder that only you can write to" in caplog.text
