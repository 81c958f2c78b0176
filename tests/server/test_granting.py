"""Nobody gives away, or gets, more than they hold: random callers try, and what comes of it is measured by
permissions and by the rows and columns that a key would see. And the last administrator stays."""

import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.access.identity import Identity
from server.access.keyring import By, Keyring
from server.access.keys import Keys
from server.access.roles import Roles
from server.access.users import Users
from server.store.access import AccessStore
from server.store.state import State, open_state
from shared.errors import AppError, Conflict, InvalidRequest, NotAuthenticated, NotPermitted
from shared.permissions import EVERYTHING, Permission
from shared.policies import ConnectionPolicy, TablePolicy
from shared.wire import KeyUpdate, RoleCreate, RoleUpdate, UserCreate, UserUpdate
from tests.peers.postgres import SUPERUSER, PostgresServer, password_of

ZONES = ("North", "South")
COLUMNS = ("net", "margin")
Cells = frozenset[tuple[str, str]]
ALL_CELLS: Cells = frozenset((zone, column) for zone in ZONES for column in COLUMNS)
ADMINISTERING = ["keys_write", "users_write", "users_delete", "roles_write", "roles_delete", "users_read"]
HERE = "127.0.0.1"


class Office:
    """The state of a backend without the backend."""

    def __init__(self, home: Path, url: str = "") -> None:
        self.state: State = open_state(url, home)
        self.keyring = Keyring(AccessStore(self.state))
        self.keys, self.users, self.roles = Keys(self.keyring), Users(self.keyring), Roles(self.keyring)
        self.admin, row = self.keys.create("administrator", roles=["admin"])
        self.admin_id = row.id

    def by(self, key: str, origin: str = HERE) -> By:
        found = self.keyring.find(key)
        assert found is not None
        return By(found, origin)

    def powers(self) -> dict[str, tuple[frozenset[Permission], Cells]]:
        """Of every key that works, by its id."""
        with self.keyring._changing:
            return {one.key_id: power(one) for one in self.keyring._by_id.values()}


def power(identity: Identity) -> tuple[frozenset[Permission], Cells]:
    return identity.permissions, cells(identity)


def cells(identity: Identity) -> Cells:
    """What the table ``sales`` would show, reckoned here: two rows and two columns."""
    data = identity.data
    if data.roles is None:
        return ALL_CELLS
    found = set()
    for role in data.roles:
        for policy in role:
            for table in policy.tables:
                zones = {
                    "": ZONES,
                    "zone = 'North'": ("North",),
                    "zone = {user.zone}": data.attributes.get("zone", ()),
                }[table.rows]
                found |= {
                    (zone, column) for zone in zones for column in COLUMNS if column not in table.hidden
                }
    return frozenset(found) & ALL_CELLS


def policies(dice: random.Random) -> list[ConnectionPolicy]:
    rows = dice.choice(["", "zone = 'North'", "zone = {user.zone}"])
    hidden = dice.choice([[], ["margin"]])
    shown = [ConnectionPolicy("shop", [TablePolicy("sales", rows=rows, hidden=hidden)])]
    return dice.choice([[], shown, shown, [ConnectionPolicy("*", [TablePolicy("*")])]])


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.state.close()


def some(dice: random.Random, names: list[str], most: int = 3) -> list[str]:
    return dice.sample(names, dice.randint(0, min(most, len(names))))


class Caller:
    """Somebody restricted who tries whatever comes to mind, with every key that they got hold of."""

    def __init__(self, office: Office, dice: random.Random, key: str) -> None:
        self.office, self.dice = office, dice
        self.owned = [key]
        self.holds = sorted(office.by(key).identity.permissions)

    def act(self) -> None:
        usable = [key for key in self.owned if self.office.keyring.find(key)]
        if not usable:
            return
        by = self.office.by(self.dice.choice(usable))
        attempt = self.dice.choice(
            [
                *(self.key, self.key, self.key, self.rotate, self.change_key),
                *(self.user, self.user, self.change_user, self.change_user, self.delete_user),
                *(self.role, self.role, self.change_role, self.change_role, self.delete_role),
            ]
        )
        with suppress(AppError):
            attempt(by)

    def key(self, by: By) -> None:
        made, _ = self.office.keys.create(
            "mine",
            permissions=self.permissions(),
            roles=self.some_roles(),
            user=self.dice.choice(["", "steward", *self.usernames()]),
            by=by,
        )
        self.owned.append(made)

    def rotate(self, by: By) -> None:
        made, _ = self.office.keys.rotate(self.dice.choice(self.key_ids()), 60, by)
        self.owned.append(made)

    def change_key(self, by: By) -> None:
        change = KeyUpdate(permissions=self.permissions(), roles=self.some_roles())
        self.office.keys.change(self.dice.choice(self.key_ids()), change, by)

    def user(self, by: By) -> None:
        order = UserCreate(f"u{self.dice.randint(0, 9)}", **self.of_a_user())
        self.office.users.create(order, by)

    def change_user(self, by: By) -> None:
        self.office.users.change(self.dice.choice(self.others()), UserUpdate(**self.of_a_user()), by)

    def delete_user(self, by: By) -> None:
        self.office.users.delete(self.dice.choice(self.others()), by)

    def role(self, by: By) -> None:
        self.office.roles.create(RoleCreate(f"r{self.dice.randint(0, 9)}", **self.of_a_role()), by)

    def change_role(self, by: By) -> None:
        self.office.roles.change(self.dice.choice(self.roles()), RoleUpdate(**self.of_a_role()), by)

    def delete_role(self, by: By) -> None:
        self.office.roles.delete(self.dice.choice(self.roles()), by)

    def of_a_user(self) -> dict[str, Any]:
        return {
            "roles": self.some_roles(),
            "active": self.dice.random() < 0.8,
            "attributes": self.dice.choice([{}, {}, {"zone": "North"}, {"zone": ["North", "South"]}]),
        }

    def of_a_role(self) -> dict[str, Any]:
        return {"permissions": self.permissions(), "policies": self.dice.choice([[], policies(self.dice)])}

    def permissions(self) -> list[str]:
        pool: list[str] = self.dice.choice([[], [*self.holds], [*self.holds], [*EVERYTHING]])
        return some(self.dice, pool)

    def some_roles(self) -> list[str]:
        return self.dice.choice([[], ["steward"], some(self.dice, self.roles())])

    def roles(self) -> list[str]:
        return [*self.office.keyring.holdings().rows.roles, "viewer", "analyst", "admin"]

    def usernames(self) -> list[str]:
        return [*self.office.keyring.holdings().rows.users, "nobody"]

    def others(self) -> list[str]:
        """Mostly: who has deleted themselves does nothing more."""
        return [name for name in self.usernames() if name != "steward" or self.dice.random() < 0.02]

    def key_ids(self) -> list[str]:
        return list(self.office.keyring.holdings().keys)


def furnish(office: Office, dice: random.Random) -> str:
    """Roles, users and keys of all kinds, and the key of somebody who administers a part of it."""
    for number in range(4):
        permissions = some(dice, [*EVERYTHING], 8)
        office.roles.create(RoleCreate(f"r{number}", "", permissions, policies(dice)))
    names = [f"r{number}" for number in range(4)]
    for number in range(4):
        attributes: dict[str, Any] = {"zone": dice.choice([*ZONES])}
        office.users.create(UserCreate(f"u{number}", "", some(dice, names), True, attributes))
        office.keys.create(f"of u{number}", user=f"u{number}")
        office.keys.create(
            f"k{number}", permissions=some(dice, [*EVERYTHING]) or ["db_read"], roles=some(dice, names)
        )
    held = [ConnectionPolicy("shop", [TablePolicy("sales", rows="zone = {user.zone}", hidden=["margin"])])]
    office.roles.create(RoleCreate("steward", "", [*ADMINISTERING, "db_read"], held))
    office.users.create(UserCreate("steward", "", ["steward"], True, {"zone": "North"}))
    if dice.random() < 0.5:
        return office.keys.create("steward", user="steward")[0]
    return office.keys.create("all data", permissions=[*ADMINISTERING, "schema_read"])[0]


@pytest.mark.parametrize("seed", range(10))
def test_whatever_a_restricted_caller_tries_nobody_gets_more_than_it_holds(office: Office, seed: int) -> None:
    dice = random.Random(seed)
    caller = Caller(office, dice, furnish(office, dice))
    may, sees = power(office.by(caller.owned[0]).identity)
    before = office.powers()
    for _ in range(120):
        caller.act()
        after = office.powers()
        for key_id, (permissions, shown) in after.items():
            had_permissions, had_shown = before.get(key_id, (frozenset(), frozenset()))
            assert permissions <= had_permissions | may, key_id
            assert shown <= had_shown | sees, key_id
        before = after
        for key in caller.owned:
            found = office.keyring.find(key)
            if found is not None:
                assert found.permissions <= may
                assert cells(found) <= sees
    assert office.keyring.find(office.admin) is not None


def test_such_callers_do_get_something_done(office: Office) -> None:
    """Else the test above would show nothing."""
    dice = random.Random(5)
    caller = Caller(office, dice, furnish(office, dice))
    rows = office.keyring.holdings().rows
    for _ in range(200):
        caller.act()
    after = office.keyring.holdings().rows
    assert len(caller.owned) > 3
    assert after.roles != rows.roles
    assert after.users != rows.users


# -- Each way by itself -------------------------------------------------------------------


NORTH = [ConnectionPolicy("shop", [TablePolicy("sales", rows="zone = {user.zone}")])]
SOUTH = [ConnectionPolicy("shop", [TablePolicy("sales", rows="zone = 'South'")])]


@pytest.fixture
def steward(office: Office) -> By:
    """Administers people of the zone North, and sees that zone."""
    permissions = [*ADMINISTERING, "db_read"]
    office.roles.create(RoleCreate("north", "", permissions, NORTH))
    office.roles.create(RoleCreate("south", "", ["db_read"], SOUTH))
    office.roles.create(RoleCreate("clerk", "", ["db_read"], []))
    office.roles.create(RoleCreate("auditor", "", ["audit_read"], []))
    office.users.create(UserCreate("steward", "", ["north"], True, {"zone": "North"}))
    office.users.create(UserCreate("mate", "", ["clerk"], True, {"zone": "North"}))
    office.users.create(UserCreate("southerner", "", ["clerk"], True, {"zone": "South"}))
    office.users.create(UserCreate("boss", "", ["admin"], True, {}))
    return office.by(office.keys.create("steward", user="steward")[0])


def test_who_sees_a_part_gives_only_that_part(office: Office, steward: By) -> None:
    office.users.change("mate", UserUpdate(roles=["clerk", "north"]), steward)
    for roles in (["south"], ["viewer"], ["auditor"], ["admin"]):
        with pytest.raises(NotPermitted):
            office.users.change("mate", UserUpdate(roles=roles), steward)
    with pytest.raises(NotPermitted):  # the same role shows the south there
        office.users.change("southerner", UserUpdate(roles=["north"]), steward)


def test_who_sees_a_part_makes_no_key_without_a_role(office: Office, steward: By) -> None:
    with pytest.raises(NotPermitted):
        office.keys.create("all data", permissions=["db_read"], by=steward)
    office.keys.create("mine", permissions=["db_read"], user="steward", by=steward)
    for user in ("boss", "nobody"):
        with pytest.raises((NotPermitted, InvalidRequest)):
            office.keys.create("another's", user=user, by=steward)


def test_attributes_are_changed_by_who_sees_all_data_only(office: Office, steward: By) -> None:
    with pytest.raises(NotPermitted):
        office.users.change("mate", UserUpdate(attributes={"zone": "South"}), steward)
    with pytest.raises(NotPermitted):
        office.users.change("steward", UserUpdate(attributes={"zone": ["North", "South"]}), steward)
    with pytest.raises(NotPermitted):
        office.users.create(UserCreate("new", "", ["north"], True, {"zone": "North"}), steward)
    office.users.change("mate", UserUpdate(attributes={"zone": "North"}, email="m@example.com"), steward)


def test_a_role_that_shows_data_is_changed_by_who_sees_all_data_only(office: Office, steward: By) -> None:
    for change in (RoleUpdate(policies=SOUTH), RoleUpdate(policies=[]), RoleUpdate(permissions=["db_read"])):
        with pytest.raises(NotPermitted):
            office.roles.change("north", change, steward)
    office.roles.change("clerk", RoleUpdate(permissions=["db_read", "users_read"]), steward)
    with pytest.raises(NotPermitted):
        office.roles.change("clerk", RoleUpdate(permissions=["db_read", "audit_read"]), steward)
    with pytest.raises(NotPermitted):
        office.roles.change("clerk", RoleUpdate(policies=NORTH), steward)


def test_nobody_changes_or_takes_the_place_of_who_holds_more(office: Office, steward: By) -> None:
    for change in (UserUpdate(email="thief@example.com"), UserUpdate(active=False), UserUpdate(roles=[])):
        with pytest.raises(NotPermitted):
            office.users.change("boss", change, steward)
    with pytest.raises(NotPermitted):
        office.users.delete("boss", steward)
    with pytest.raises(NotPermitted):
        office.keys.rotate(office.admin_id, 0, steward)
    with pytest.raises(NotPermitted):
        office.keys.change(office.admin_id, KeyUpdate(name="mine"), steward)
    office.users.change("boss", UserUpdate(active=False))
    with pytest.raises(NotPermitted):
        office.users.change("boss", UserUpdate(active=True), steward)
    with pytest.raises(NotPermitted):
        office.users.change("boss", UserUpdate(email="thief@example.com"), steward)


def test_who_lost_a_permission_in_between_cannot_use_what_the_call_was_let_in_with(
    office: Office, steward: By
) -> None:
    office.users.change("steward", UserUpdate(roles=["clerk"]))
    with pytest.raises(NotPermitted):
        office.users.create(UserCreate("late", "", ["north"]), steward)
    office.users.change("steward", UserUpdate(active=False))
    with pytest.raises(NotAuthenticated):
        office.users.create(UserCreate("late"), steward)


def test_a_user_known_without_a_key_grants_as_one_with_a_key(office: Office, steward: By) -> None:
    found = office.keyring.find_user("steward")
    assert found is not None
    assert (found.permissions, found.data) == (steward.identity.permissions, steward.identity.data)
    by = By(found, HERE)
    office.users.change("mate", UserUpdate(roles=["north"]), by)
    with pytest.raises(NotPermitted):
        office.users.change("mate", UserUpdate(roles=["auditor"]), by)
    office.users.change("steward", UserUpdate(active=False))
    assert office.keyring.find_user("steward") is None
    with pytest.raises(NotAuthenticated):
        office.users.create(UserCreate("late"), by)


# -- The last administrator ---------------------------------------------------------------


def soon(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


@pytest.fixture
def lone(office: Office) -> By:
    """One administrator is left: a user, who gets permissions from a role of our own, by one key."""
    everything = [ConnectionPolicy("*", [TablePolicy("*")])]
    office.roles.create(RoleCreate("owner", "", [*EVERYTHING], everything))
    office.users.create(UserCreate("meera", "", ["owner"]))
    by = office.by(office.keys.create("meera", user="meera")[0])
    office.keys.revoke(office.admin_id, by)
    return by


def ways_out(office: Office, key_id: str, by: By | None) -> list[Any]:
    return [
        lambda: office.keys.revoke(key_id, by),
        lambda: office.keys.change(key_id, KeyUpdate(permissions=["db_read"]), by),
        lambda: office.keys.change(key_id, KeyUpdate(expires_at=soon(1)), by),
        lambda: office.keys.change(key_id, KeyUpdate(allowed_ips=["203.0.113.9"]), by),
        lambda: office.keys.change(key_id, KeyUpdate(rate_limit="20/day"), by),
        lambda: office.users.change("meera", UserUpdate(roles=["viewer"]), by),
        lambda: office.users.change("meera", UserUpdate(active=False), by),
        lambda: office.users.delete("meera", by),
        lambda: office.roles.change("owner", RoleUpdate(permissions=["db_read"]), by),
        lambda: office.roles.change("owner", RoleUpdate(policies=[]), by),
    ]


@pytest.mark.parametrize("way", range(10))
def test_the_last_administrator_stays_whichever_way_it_is_tried(office: Office, lone: By, way: int) -> None:
    for by in (lone, None):
        with pytest.raises(Conflict):
            ways_out(office, lone.identity.key_id, by)[way]()
    assert office.keyring.find_again(lone.identity.key_id)
    office.keys.create("second", roles=["admin"], by=lone)
    ways_out(office, lone.identity.key_id, lone)[way]()


def test_administrators_who_cannot_get_in_do_not_count(office: Office, lone: By) -> None:
    for more in (
        {"expires_at": datetime.now(UTC) + timedelta(days=2)},
        {"allowed_ips": ["203.0.113.9"]},
        {"rate_limit": "20/day"},
    ):
        office.keys.create("second", roles=["admin"], by=lone, **more)
    office.users.create(UserCreate("keyless", "", ["admin"]), lone)
    with pytest.raises(Conflict):
        office.users.delete("meera", lone)
    office.keys.create(
        "in the office", roles=["admin"], allowed_ips=["127.0.0.0/8"], rate_limit="100/hour", by=lone
    )
    office.users.delete("meera", lone)


def test_the_last_administrator_may_be_bound_to_where_they_are_and_rotated(office: Office, lone: By) -> None:
    office.keys.change(lone.identity.key_id, KeyUpdate(allowed_ips=[HERE], rate_limit="1000/hour"), lone)
    key, _ = office.keys.rotate(lone.identity.key_id, 0, lone)
    assert office.keyring.find(key) is not None


def test_two_administrators_who_remove_each_other_at_once_do_not_both_go(tmp_path: Path) -> None:
    for attempt in range(5):
        remove_each_other(Office(tmp_path / str(attempt)))


def test_nor_with_the_state_in_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    postgres.execute("CREATE DATABASE access_state", database="postgres")
    address = f"{postgres.host}:{postgres.port}/access_state"
    url = f"postgresql+pg8000://{SUPERUSER}:{password_of(SUPERUSER)}@{address}"
    dice = random.Random(1)
    office = Office(tmp_path, url)
    caller = Caller(office, dice, furnish(office, dice))
    for _ in range(40):
        caller.act()
    office.keyring.write_last_used()
    again = Keyring(AccessStore(office.state)).holdings()
    assert again.rows == office.keyring.holdings().rows
    office.by(office.admin)
    office.keyring.write_last_used()
    assert office.keyring.holdings().keys[office.admin_id].last_used_at is not None
    for _ in range(3):
        remove_each_other(Office(tmp_path, url))
    office.state.close()


def remove_each_other(office: Office) -> None:
    keys = [office.keys.create(f"admin {number}", roles=["admin"]) for number in range(2)]
    callers = [office.by(key) for key, _ in keys]
    kept = {row.id for _, row in keys}
    for row in office.keyring.holdings().keys.values():
        if row.roles == ["admin"] and row.id not in kept:
            office.keys.revoke(row.id)
    both = threading.Barrier(2)
    refused: list[AppError] = []

    def remove(other: str, by: By) -> None:
        another = Keys(Keyring(AccessStore(office.state)))
        both.wait()
        try:
            another.revoke(other, by)
        except AppError as error:
            refused.append(error)

    threads = [
        threading.Thread(target=remove, args=(keys[1 - number][1].id, callers[number])) for number in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    office.keyring.refresh()
    assert len(refused) == 1
    assert sum(office.keyring.find_again(row.id) is not None for _, row in keys) == 1
    office.state.close()
