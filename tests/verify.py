#!/usr/bin/env python3
"""A second verifier of aidledger ledgers, written from ledger-spec.md alone.

It shares no code with the program, so the two agree only where the document says enough.

    verify.py LEDGER [--id ID] [--signatures every|strict] [--json]
    verify.py --proof FILE (--vkey VKEY | --policy FILE) [--entry FILE] [--id ID] [--json]

LEDGER is a ledger folder (section 8) or an exported tile folder (section 7). Exit status: 0 it verifies, 1 it does not, 2 it could
not be told. Numbers in brackets in the comments are sections of ledger-spec.md; numbers given to `Refused` are rules (11).
"""

import argparse
import base64
import binascii
import calendar
import functools
import hashlib
import json
import os
import re
import sys
from datetime import datetime, timedelta

from blake3 import blake3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ZEROS = "0" * 64
ENTRY_BYTES_MAX = 65_535
SEGMENT_ENTRIES = 65_536
SAFE_INTEGER = 2**53 - 1
DOMAIN = b"aidledger/event/v1\n"


class Wrong(Exception):
    """A step of section 13 (or 9) that failed: exit 1."""

    def __init__(self, step, words, rule=None):
        super().__init__(words)
        self.step, self.words, self.rule = step, words, rule


class Unable(Exception):
    """It could not be told: exit 2."""


class Refused(Exception):
    """A rule of section 11 that an event breaks."""

    def __init__(self, rule, words):
        super().__init__(words)
        self.rule, self.words = rule, words


def digest(data):
    return blake3(data).hexdigest()


def sha256(data):
    return hashlib.sha256(data).digest()


# ---------------------------------------------------------------- Ed25519 (3)
# Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z. Nothing here is secret, so nothing is constant in time.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e = (y1 - x1) * (y2 - x2) % P
    f = (y1 + x1) * (y2 + x2) % P
    g = 2 * D * t1 * t2 % P
    h = 2 * z1 * z2 % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(n, point):
    total = IDENTITY
    while n:
        if n & 1:
            total = add(total, point)
        point = add(point, point)
        n >>= 1
    return total


def negate(point):
    x, y, z, t = point
    return (-x % P, y, z, -t % P)


def is_identity(point):
    x, y, z, _ = point
    return x % P == 0 and (y - z) % P == 0


def decode(data):
    """Step 1 of admission: any string that names a point, canonical or not."""
    number = int.from_bytes(data, "little")
    sign = number >> 255
    y = (number & (2**255 - 1)) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    if x & 1 != sign:
        x = -x % P
    return (x, y, 1, x * y % P)


def encode(point):
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode(b"\x58" + b"\x66" * 31)


@functools.lru_cache(maxsize=None)
def admitted(key):
    """Whether 32 bytes are a key in canonical form and of prime order."""
    point = decode(key)
    return (
        point is not None
        and encode(point) == key
        and not is_identity(multiply(8, point))
        and is_identity(multiply(L, point))
    )


@functools.lru_cache(maxsize=None)
def public_key(key):
    return Ed25519PublicKey.from_public_bytes(key)


def strict(key, signature, message):
    # The library compares encode([s]B - [k]A) with R byte for byte and refuses s >= L; keys and R are ours to judge. An R that equals
    # an encoded point is canonical, so its order is asked only once the library has agreed.
    if not admitted(key):
        return False
    try:
        public_key(key).verify(signature, message)
    except InvalidSignature:
        return False
    return signature[:32] not in SMALL_ORDER


def torsion():
    """The encodings of the eight points of small order."""
    y = 2
    while not (point := decode(y.to_bytes(32, "little"))) or is_identity(multiply(4 * L, point)):
        y += 1
    return frozenset(encode(multiply(n * L, point)) for n in range(8))


SMALL_ORDER = torsion()


def zip215(key, signature, message):
    if int.from_bytes(signature[32:], "little") >= L:
        return False
    a, r = decode(key), decode(signature[:32])
    if a is None or r is None:
        return False
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    rest = add(multiply(s, BASE), negate(add(r, multiply(k, a))))
    return is_identity(multiply(8, rest))


def signature_holds(key, signature, message, way):
    # What the strict rule accepts ZIP-215 accepts too, so the slow rule is only asked about what the strict one refuses.
    return strict(key, signature, message) or (way == "every" and zip215(key, signature, message))


# ---------------------------------------------------------------- canonical JSON (2)


def canonical(value):
    """The one spelling of a value."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if type(value) is int:
        return str(value)
    if type(value) is str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if type(value) is list:
        return "[" + ",".join(map(canonical, value)) + "]"
    return "{" + ",".join(canonical(k) + ":" + canonical(value[k]) for k in sorted(value)) + "}"


def malformed(words):
    raise Refused(100, words)


def no_number(text):
    malformed(f"the number {text[:40]} is not an integer of section 2")


CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def read_canonical(data, form, what):
    """Bytes to a value whose shape `form` accepts, refused unless writing it again gives the same bytes."""
    try:
        text = data.decode("utf-8")
        if CONTROL.search(text):
            malformed(f"{what} holds a control character")
        value = json.loads(text, parse_float=no_number, parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        malformed(f"{what} is not JSON in UTF-8: {error}")
    form(value, what)
    if canonical(value).encode("utf-8") != data:
        malformed(f"{what} is not in canonical form")
    return value


# ---------------------------------------------------------------- types (4.2)
# A form is a function of (value, where) that refuses what does not have the form.


def grammar(pattern, check=None):
    match = re.compile(pattern).fullmatch

    def form(value, where):
        if type(value) is not str or not match(value) or (check and not check(value)):
            malformed(f"{where} is {str(value)[:80]!r}")

    return form


def is_day(value):
    year, month, day = map(int, value[:10].split("-"))
    return year >= 1970 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def is_moment(value):
    return is_day(value) and int(value[11:13]) < 24 and int(value[14:16]) < 60 and int(value[17:19]) < 60


def is_quantity(value):
    return sum(c.isdigit() for c in value) <= 18


DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
code = grammar("[a-z0-9][a-z0-9-]{0,30}|[A-Z]{3}")
quantity = grammar(r"(0|[1-9][0-9]*)(\.[0-9]{1,9})?", is_quantity)
date = grammar(DAY, is_day)
time = grammar(DAY + "T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", is_moment)
hash_form = event_id = key_form = grammar("[0-9a-f]{64}")
signature_form = grammar("[0-9a-f]{128}")
token = grammar("[0-9a-f]{32}")
lot_id = grammar(r"[0-9a-f]{64}\.(0|[1-9][0-9]{0,2})", lambda value: int(value[65:]) <= 255)
origin = grammar(r"[!#-*,-\[\]-~]{1,255}")
slip_code = grammar("[0-9A-Z]{16,64}")
BLANK = frozenset("\u0020\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))))


def text(value, where):
    if type(value) is not str or not 1 <= len(value.encode("utf-8", "replace")) <= 1024 or CONTROL.search(value):
        malformed(f"{where} is not a text of 1 to 1,024 bytes")
    if BLANK.issuperset(value):
        malformed(f"{where} is blank")


LANGUAGE = re.compile("[a-z]{2,3}")


def names(value, where):
    if type(value) is not dict or not value:
        malformed(f"{where} is not an object of names")
    for language, name in value.items():
        if not LANGUAGE.fullmatch(language):
            malformed(f"{where} has the language tag {language!r}")
        text(name, f"{where}.{language}")


def integer(value, where):
    if type(value) is not int or not 0 <= value <= SAFE_INTEGER:
        malformed(f"{where} is not an integer of 0 to 2^53-1")


def word(*words):
    def form(value, where):
        if type(value) is not str or value not in words:
            malformed(f"{where} is {str(value)[:80]!r}, should be one of {', '.join(words)}")

    return form


def list_of(form, order=None):
    """A list; with an order (a sort key) a set, that is strictly ascending."""

    def check(value, where):
        if type(value) is not list or not 1 <= len(value) <= 256:
            malformed(f"{where} is not an array of 1 to 256 elements")
        for n, element in enumerate(value):
            form(element, f"{where}[{n}]")
        if order and any(order(a) >= order(b) for a, b in zip(value, value[1:])):
            malformed(f"{where} is not strictly ascending")

    return check


def set_of(form):
    return list_of(form, lambda element: element)


def obj(**members):
    """An object with these members; a form in a tuple makes the member optional."""
    required = {name for name, form in members.items() if type(form) is not tuple}
    forms = {name: form[0] if type(form) is tuple else form for name, form in members.items()}

    def check(value, where):
        if type(value) is not dict or not value:
            malformed(f"{where} is not an object with members")
        for name, member in value.items():
            if name not in forms:
                malformed(f"{where} has a member {name!r}, which is not one of its members")
            forms[name](member, f"{where}.{name}")
        for name in required - value.keys():
            malformed(f"{where} lacks the member {name}")

    return check


def lot_order(draw):
    return draw["lot"][:64], int(draw["lot"][65:])


# ---------------------------------------------------------------- kinds (4.3)

role = word("admin", "assign", "audit", "field", "finance", "intake", "registrar")
recipient_type = word("community", "facility", "household", "person")
donor_type = word("anonymous", "government", "individual", "organization")
item_type = word("goods", "money", "service")
draws = list_of(obj(lot=lot_id, quantity=quantity), lot_order)
restrictions = obj(
    categories=(set_of(code),), items=(set_of(code),), programmes=(set_of(code),), regions=(set_of(code),), use_by=(date,)
)

BODIES = {
    "ledger.opened": obj(
        log_key=key_form, name=names, organization_name=names, origin=origin, roles=set_of(role), rules=integer
    ),
    "organization.registered": obj(name=names, organization=code),
    "organization.suspended": obj(organization=code, reason=word("inactive", "other", "requested", "under-review")),
    "organization.reinstated": obj(organization=code),
    "key.granted": obj(key=key_form, label=(code,), organization=code, roles=set_of(role)),
    "key.revoked": obj(key=key_form, reason=word("compromised", "left", "lost", "replaced")),
    "item.defined": obj(category=code, decimals=integer, item=code, name=names, type=item_type, unit=(code,)),
    "region.defined": obj(name=names, parent=(code,), region=code),
    "programme.opened": obj(
        **{"from": (date,)},
        name=names,
        organizations=(set_of(code),),
        programme=code,
        recipient_types=(set_of(recipient_type),),
        regions=(set_of(code),),
        until=(date,),
    ),
    "programme.closed": obj(programme=code),
    "recipient.enrolled": obj(
        commitment=(hash_form,),
        name=(names,),
        programme=code,
        recipient=token,
        reference=(hash_form,),
        region=code,
        size=(integer,),
        type=recipient_type,
        uniqueness=(hash_form,),
    ),
    "donation.received": obj(
        donor=obj(commitment=(hash_form,), name=(text,), type=donor_type),
        lots=list_of(obj(item=code, quantity=quantity)),
        reference=(hash_form,),
        restrictions=(restrictions,),
    ),
    "assignment.made": obj(
        draws=draws, due=(date,), lock=(hash_form,), programme=code, recipient=token, reference=(hash_form,)
    ),
    "assignment.cancelled": obj(
        assignment=event_id,
        reason=word("duplicate", "expired", "not-found", "not-needed", "other", "stock-problem"),
    ),
    "delivery.made": obj(
        assignment=event_id, code=(slip_code,), draws=draws, evidence=(hash_form,), reference=(hash_form,)
    ),
    "event.reversed": obj(
        event=event_id,
        reason=word("did-not-happen", "entered-twice", "other", "wrong-item", "wrong-quantity", "wrong-recipient"),
    ),
}


def is_version(value, where):
    if type(value) is not int or value != 1:
        malformed(f"{where} is {value!r}, should be 1")


def any_object(value, where):
    if type(value) is not dict:
        malformed(f"{where} is not an object")


envelope = obj(
    body=any_object,
    kind=word(*BODIES),
    ledger=event_id,
    organization=code,
    previous=event_id,
    sequence=integer,
    signer=key_form,
    time=time,
    version=is_version,
)


def event_form(value, where):
    envelope(value, where)
    BODIES[value["kind"]](value["body"], f"{where}.body")


entry_form = obj(event=event_form, index=integer, previous=hash_form, recorded=time, signature=signature_form)


def read_entry(data):
    """Entry bytes to (entry, canonical bytes of its event) (6)."""
    if len(data) > ENTRY_BYTES_MAX:
        raise Refused(101, f"the entry has {len(data)} bytes, {ENTRY_BYTES_MAX} at most")
    entry = read_canonical(data, entry_form, "entry")
    return entry, canonical(entry["event"]).encode("utf-8")


# ---------------------------------------------------------------- Merkle tree (7)


def leaf_hash(data):
    return sha256(b"\x00" + data)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def root_of(leaves):
    if not leaves:
        return sha256(b"")
    level = list(leaves)
    # Pairing from the left and passing an odd last one up gives the split at the largest power of two.
    while len(level) > 1:
        above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = above + level[len(above) * 2 :]
    return level[0]


def path_leads(index, size, leaf, path, root):
    """Step 6 of section 9."""
    fn, sn, r = index, size - 1, leaf
    for c in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(c, r)
            while fn & 1 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


# ---------------------------------------------------------------- notes, checkpoints, proofs, policies (7, 9)


def base64_bytes(text, step, what):
    try:
        data = base64.b64decode(text.encode("utf-8"), validate=True)
    except (binascii.Error, ValueError):
        raise Wrong(step, f"{what} is not base64")
    if base64.b64encode(data).decode() != text:
        raise Wrong(step, f"{what} is not base64 in its one padded spelling")
    return data


DECIMAL = re.compile("0|[1-9][0-9]{0,19}")


def decimal(text, step, what):
    if not DECIMAL.fullmatch(text) or int(text) >= 2**64:
        raise Wrong(step, f"{what} is not a decimal number")
    return int(text)


def key_id(name, kind, key):
    return sha256(name.encode("utf-8") + b"\n" + bytes([kind]) + key)[:4]


class Checkpoint:
    """A signed note whose text is a tree head; reading it trusts nothing yet."""

    def __init__(self, data, step="checkpoint"):
        try:
            note = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Wrong(step, "the checkpoint is not UTF-8")
        if re.search("[\x00-\x09\x0b-\x1f]", note):
            raise Wrong(step, "the checkpoint holds a control character")
        text, blank, signatures = note.rpartition("\n\n")
        if not blank or not signatures.endswith("\n"):
            raise Wrong(step, "the checkpoint is not a text, an empty line and signature lines")
        self.text = text + "\n"
        lines = text.split("\n")
        if len(lines) != 3:
            raise Wrong(step, f"the checkpoint's text has {len(lines)} lines, should have 3")
        self.origin = lines[0]
        if not self.origin:
            raise Wrong(step, "the origin is empty")
        self.size = decimal(lines[1], step, "the size")
        self.root = base64_bytes(lines[2], step, "the root")
        if len(self.root) != 32:
            raise Wrong(step, "the root is not 32 bytes")
        self.signatures = []
        for line in signatures[:-1].split("\n"):
            match = re.fullmatch("\u2014 ([^ +]+) ([^ ]+)", line)
            if not match or any(c.isspace() for c in match[1]):
                raise Wrong(step, "a line after the text is not a signature line")
            data = base64_bytes(match[2], step, "a signature")
            if len(data) < 5:
                raise Wrong(step, "a signature is too short for a key ID")
            self.signatures.append((match[1], data[:4], data[4:]))

    def check_signature(self, log_key, step="checkpoint"):
        known = key_id(self.origin, 1, log_key)
        mine = [s for name, number, s in self.signatures if name == self.origin and number == known]
        if not mine:
            raise Wrong(step, "the log's signature is not on the checkpoint")
        if not admitted(log_key):
            raise Wrong(step, "the log's key is not admitted")
        for signature in mine:
            if len(signature) != 64 or not strict(log_key, signature, self.text.encode("utf-8")):
                raise Wrong(step, "the log's signature on the checkpoint does not hold")


def read_vkey(vkey):
    """A vkey of type 0x01 to (name, key)."""
    parts = vkey.split("+", 2)
    if len(parts) != 3 or not parts[0] or not re.fullmatch("[0-9a-f]{8}", parts[1]):
        raise Unable("the vkey is not name+ID+key")
    try:
        data = base64_bytes(parts[2], "policy", "the key of the vkey")
    except Wrong as wrong:
        raise Unable(wrong.words)
    if len(data) != 33 or data[0] != 1:
        raise Unable("the vkey is not one of an Ed25519 log key")
    if key_id(parts[0], 1, data[1:]).hex() != parts[1]:
        raise Unable("the key ID of the vkey is not that of its name and key")
    return parts[0], data[1:]


def read_policy(data):
    """The logs of a policy without witnesses."""
    logs, quorum = [], 0
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        words = re.split("[ \t]+", line.strip(" \t"))
        if not words[0] or words[0].startswith("#"):
            continue
        if words[0] == "log" and len(words) in (2, 3):
            logs.append(read_vkey(words[1]))
        elif words == ["quorum", "none"]:
            quorum += 1
        else:
            raise Unable(f"this verifier knows no witnesses: the policy line {line[:80]!r}")
    if quorum != 1 or not logs or len({key for _, key in logs}) != len(logs):
        raise Unable("the policy has not one quorum line and logs, each once")
    return logs


def check_proof(data, logs, entry_bytes, ledger):
    """The steps of section 9; the entry may stand in the extra data, base64 of its bytes."""
    head, blank, tail = data.partition(b"\n\n")
    if not blank:
        raise Wrong("proof", "the proof has no empty line before its checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Wrong("proof", "the proof is not ASCII before its checkpoint")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Wrong("proof", "the first line is not c2sp.org/tlog-proof@v1")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = base64_bytes(lines.pop(0)[6:], "proof", "the extra data")
    if not lines or not lines[0].startswith("index "):
        raise Wrong("proof", "the index line is missing")
    index = decimal(lines.pop(0)[6:], "proof", "the index")
    if len(lines) > 64:
        raise Wrong("proof", "the path has more than 64 hashes")
    path = [base64_bytes(line, "proof", "a path hash") for line in lines]
    if any(len(c) != 32 for c in path):
        raise Wrong("proof", "a path hash is not 32 bytes")
    if entry_bytes is None:
        entry_bytes = extra
    if entry_bytes is None:
        raise Unable("the proof does not hold its entry: name it with --entry")
    checkpoint = Checkpoint(tail)
    keys = [key for name, key in logs if name == checkpoint.origin]
    if not keys:
        raise Wrong("checkpoint", "the checkpoint is not of a log of the policy")
    for n, key in enumerate(keys):
        try:
            checkpoint.check_signature(key)
            break
        except Wrong:
            if n == len(keys) - 1:
                raise
    if index >= checkpoint.size:
        raise Wrong("inclusion", f"index {index} is not below the size {checkpoint.size}")
    if not path_leads(index, checkpoint.size, leaf_hash(entry_bytes), path, checkpoint.root):
        raise Wrong("inclusion", "the path does not lead from the entry to the root")
    try:
        entry, event_bytes = read_entry(entry_bytes)
    except Refused as refused:
        raise Wrong("form", refused.words, refused.rule)
    if entry["index"] != index:
        raise Wrong("entry", f"the entry's index is {entry['index']}, the proof's {index}")
    event, own = entry["event"], digest(event_bytes)
    of = own if index == 0 else event["ledger"]
    if ledger is not None and of != ledger:
        raise Wrong("ledger", f"the entry is of the ledger {of}, should be {ledger}")
    if not strict(bytes.fromhex(event["signer"]), bytes.fromhex(entry["signature"]), DOMAIN + event_bytes):
        raise Wrong("signatures", "the event's signature does not hold", 102)
    return {"event": own, "index": index, "ledger": of, "origin": checkpoint.origin, "size": checkpoint.size}


# ---------------------------------------------------------------- the state machine (10, 11)

ROLES = {
    "ledger.opened": {"registrar"},
    "organization.registered": {"registrar"},
    "organization.suspended": {"registrar"},
    "organization.reinstated": {"registrar"},
    "item.defined": {"registrar"},
    "region.defined": {"registrar"},
    "key.granted": {"admin", "registrar"},
    "key.revoked": {"admin", "registrar"},
    "programme.closed": {"admin", "registrar"},
    "programme.opened": {"admin"},
    "recipient.enrolled": {"intake"},
    "donation.received": {"finance"},
    "assignment.made": {"assign"},
    "assignment.cancelled": {"assign"},
    "delivery.made": {"field"},
    "event.reversed": {"intake", "finance", "assign", "field"},
}
REVERSIBLE = ("recipient.enrolled", "donation.received", "assignment.made", "assignment.cancelled", "delivery.made")


def units(quantity):
    return int(quantity.replace(".", ""))


def decimals_of(quantity):
    return len(quantity.partition(".")[2])


def need(holds, rule, words):
    if not holds:
        raise Refused(rule, words)


def moment(time):
    return datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ")


def in_time(time, recorded):
    # The subtraction is on this side because a moment near the year 9999 has no later one.
    return time <= recorded or moment(time) - moment(recorded) <= timedelta(seconds=300)


class State:
    def __init__(self):
        self.opening = None
        self.events, self.organizations, self.keys, self.items = {}, {}, {}, {}
        self.categories, self.regions, self.programmes = set(), {}, {}
        self.recipients, self.tags, self.lots, self.assignments = {}, set(), {}, {}
        self.locks, self.deliveries, self.references = set(), {}, set()

    # -- questions

    def lies_in(self, region, regions):
        while region is not None:
            if region in regions:
                return True
            region = self.regions[region]["parent"]
        return False

    def takes_part(self, organization, programme):
        members = programme["organizations"]
        return programme["organization"] == organization or members is None or organization in members

    def only_registrar(self, key):
        return not any(k != key and not row["revoked"] and "registrar" in row["roles"] for k, row in self.keys.items())

    def holds(self, assignment):
        return not assignment["reversed"] and not (
            assignment["cancelled"] and not any(d["delivered"] for d in assignment["draws"].values())
        )

    # -- check: the first rule that is broken

    def check(self, event, recorded):
        kind, body = event["kind"], event["body"]
        if self.opening is None:
            return self.check_opening(event, recorded)
        organization = self.organizations.get(event["organization"])
        key = self.keys.get(event["signer"])
        need(kind == "ledger.opened" or event["ledger"] == self.opening["ledger"], 112, "the event names another ledger")
        need(organization is not None, 113, f"no organization {event['organization']} is registered")
        need(key is not None, 114, f"the key {event['signer']} was not granted")
        need(key["organization"] == event["organization"], 115, f"the key belongs to {key['organization']}")
        need(not key["revoked"], 116, "the key is revoked")
        need(not organization["suspended"], 117, "the organization is suspended")
        need(event["sequence"] == key["sequence"], 118, f"sequence {event['sequence']}, should be {key['sequence']}")
        need(event["previous"] == key["previous"], 119, f"previous {event['previous']}, should be {key['previous']}")
        need(key["roles"] & ROLES[kind], 120, f"no role of the key may append {kind}")
        need(in_time(event["time"], recorded), 121, f"{event['time']} is too long after {recorded}")
        if "reference" in body:
            need((event["organization"], body["reference"]) not in self.references, 122, "the reference is used")
        need(kind != "ledger.opened", 111, "the ledger is open already")
        getattr(self, "check_" + kind.replace(".", "_"))(event, body, key)

    def check_opening(self, event, recorded):
        body = event["body"]
        need(event["kind"] == "ledger.opened", 110, "the first event does not open the ledger")
        need(event["ledger"] == ZEROS, 112, "the opening names a ledger")
        need(event["sequence"] == 0, 118, "the opening's sequence is not 0")
        need(event["previous"] == ZEROS, 119, "the opening's previous is not 64 zeros")
        need(in_time(event["time"], recorded), 121, f"{event['time']} is too long after {recorded}")
        need("registrar" in body["roles"], 200, "the opening key has not the role registrar")
        need(body["rules"] == 1, 201, f"rules {body['rules']}, should be 1")
        need(admitted(bytes.fromhex(body["log_key"])), 202, "the log key is not admitted")
        need(admitted(bytes.fromhex(event["signer"])), 202, "the signer is not admitted")
        need(body["log_key"] != event["signer"], 208, "the log's key signs no events")

    def check_organization_registered(self, event, body, key):
        need(body["organization"] not in self.organizations, 203, "the code is taken")

    def check_organization_suspended(self, event, body, key):
        need(body["organization"] in self.organizations, 204, "no such organization")
        need(body["organization"] != self.opening["organization"], 206, "it is the registrar's organization")
        suspended = self.organizations[body["organization"]]["suspended"]
        need(suspended == (event["kind"] == "organization.reinstated"), 205, "its status is that already")

    check_organization_reinstated = check_organization_suspended

    def check_key_granted(self, event, body, key):
        registrar = "registrar" in key["roles"]
        need(body["organization"] in self.organizations, 204, "no such organization")
        need(body["organization"] == event["organization"] or registrar, 207, "the organization is another's")
        need(admitted(bytes.fromhex(body["key"])), 202, "the key is not admitted")
        need(bytes.fromhex(body["key"]) != self.opening["log_key"], 208, "the key is the log's")
        granted = self.keys.get(body["key"])
        if granted:
            need(granted["organization"] == body["organization"], 208, f"the key belongs to {granted['organization']}")
            need(not granted["revoked"], 209, "the key was revoked")
        if "registrar" in body["roles"]:
            own = body["organization"] == self.opening["organization"]
            need(registrar and own, 210, "the role registrar is not for this signer or organization to give")
        elif granted and "registrar" in granted["roles"]:
            need(registrar, 210, "only a registrar takes the role registrar away")
            need(not self.only_registrar(body["key"]), 212, "it is the last registrar")

    def check_key_revoked(self, event, body, key):
        revoked = self.keys.get(body["key"])
        registrar = "registrar" in key["roles"]
        need(revoked and not revoked["revoked"], 211, "the key is not active")
        need(revoked["organization"] == event["organization"] or registrar, 207, "the key is another organization's")
        if "registrar" in revoked["roles"]:
            need(registrar, 210, "only a registrar revokes a registrar")
            need(not self.only_registrar(body["key"]), 212, "it is the last registrar")

    def check_item_defined(self, event, body, key):
        money = body["type"] == "money"
        need(body["item"] not in self.items, 213, "the code is taken")
        need(money == body["item"].isupper(), 214, "money, and money alone, has three capitals")
        need(money == ("unit" not in body), 214, "money, and money alone, has no unit")
        need(body["decimals"] <= 9, 214, "decimals are at most 9")

    def check_region_defined(self, event, body, key):
        need(body["region"] not in self.regions, 215, "the code is taken")
        need("parent" not in body or body["parent"] in self.regions, 216, "no such parent")

    def check_programme_opened(self, event, body, key):
        need(body["programme"] not in self.programmes, 217, "the code is taken")
        for organization in body.get("organizations", ()):
            need(organization in self.organizations, 204, f"no organization {organization}")
        for region in body.get("regions", ()):
            need(region in self.regions, 216, f"no region {region}")
        if "from" in body and "until" in body:
            need(body["from"] <= body["until"], 221, "it ends before it begins")

    def check_programme_closed(self, event, body, key):
        programme = self.programmes.get(body["programme"])
        need(programme, 218, "no such programme")
        own = programme["organization"] == event["organization"]
        need(own or "registrar" in key["roles"], 219, f"{programme['organization']} opened it")
        need(not programme["closed"], 220, "it is closed")

    def open_programme(self, event, body):
        programme = self.programmes.get(body["programme"])
        need(programme, 218, "no such programme")
        need(not programme["closed"], 220, "the programme is closed")
        need(self.takes_part(event["organization"], programme), 222, "the organization takes no part in the programme")
        return programme

    def check_recipient_enrolled(self, event, body, key):
        need("name" not in body or body["type"] in ("community", "facility"), 302, f"a {body['type']} is not named")
        programme = self.open_programme(event, body)
        need(body["region"] in self.regions, 216, "no such region")
        need(body["recipient"] not in self.recipients, 300, "the token is taken")
        if programme["recipient_types"] is not None:
            need(body["type"] in programme["recipient_types"], 303, f"the programme does not help a {body['type']}")
        if programme["regions"] is not None:
            need(self.lies_in(body["region"], programme["regions"]), 304, "the region is not the programme's")
        if "uniqueness" in body:
            need((body["programme"], body["uniqueness"]) not in self.tags, 305, "the tag stands already")

    def check_donation_received(self, event, body, key):
        donor = body["donor"]
        need("name" not in donor or donor["type"] in ("organization", "government"), 400, "this donor is not named")
        for line in body["lots"]:
            item = self.items.get(line["item"])
            need(item, 401, f"no item {line['item']}")
            need(decimals_of(line["quantity"]) == item["decimals"], 403, f"{line['quantity']} has other decimals")
            need(units(line["quantity"]) > 0, 404, "a quantity is zero")
        limits = body.get("restrictions", {})
        tables = (("categories", self.categories, 402), ("items", self.items, 401))
        for name, table, rule in tables + (("programmes", self.programmes, 218), ("regions", self.regions, 216)):
            for element in limits.get(name, ()):
                need(element in table, rule, f"restrictions name {element}, which is not in {name}")

    def check_assignment_made(self, event, body, key):
        programme = self.open_programme(event, body)
        recipient = self.recipients.get(body["recipient"])
        need(recipient and not recipient["reversed"], 301, "no such recipient")
        need(recipient["programme"] == body["programme"], 306, f"the recipient is in {recipient['programme']}")
        day = event["time"][:10]
        need(programme["from"] is None or day >= programme["from"], 221, "the programme has not begun")
        need(programme["until"] is None or day <= programme["until"], 221, "the programme has ended")
        need(body.get("lock") not in self.locks, 509, "the lock is used")
        for draw in body["draws"]:
            lot = self.lots.get(draw["lot"])
            need(lot and not lot["reversed"], 405, f"no lot {draw['lot']}")
            need(lot["organization"] == event["organization"], 406, f"{lot['organization']} holds the lot")
            item = self.items[lot["item"]]
            need(decimals_of(draw["quantity"]) == item["decimals"], 403, f"{draw['quantity']} has other decimals")
            need(units(draw["quantity"]) > 0, 404, "a quantity is zero")
            need(units(draw["quantity"]) <= lot["on_hand"], 407, "the lot has less on hand")
            limits = lot["restrictions"]
            need(body["programme"] in limits.get("programmes", [body["programme"]]), 408, "not for this programme")
            need("regions" not in limits or self.lies_in(recipient["region"], limits["regions"]), 409, "not for this region")
            need(item["category"] in limits.get("categories", [item["category"]]), 410, "not for this category")
            need(lot["item"] in limits.get("items", [lot["item"]]), 411, "not for this item")
            need(day <= limits.get("use_by", day), 412, "the gift's last day is over")

    def live_assignment(self, event, body):
        assignment = self.assignments.get(body["assignment"])
        need(assignment and not assignment["reversed"], 500, "no such assignment")
        need(assignment["organization"] == event["organization"], 501, f"{assignment['organization']} made it")
        need(not assignment["cancelled"], 502, "it is cancelled")
        return assignment

    def check_assignment_cancelled(self, event, body, key):
        assignment = self.live_assignment(event, body)
        rest = any(d["delivered"] < d["quantity"] for d in assignment["draws"].values())
        need(rest, 503, "all of it is delivered")

    def check_delivery_made(self, event, body, key):
        assignment = self.live_assignment(event, body)
        for draw in body["draws"]:
            assigned = assignment["draws"].get(draw["lot"])
            need(assigned, 504, f"the lot {draw['lot']} is not the assignment's")
            item = self.items[self.lots[draw["lot"]]["item"]]
            need(decimals_of(draw["quantity"]) == item["decimals"], 403, f"{draw['quantity']} has other decimals")
            need(units(draw["quantity"]) > 0, 404, "a quantity is zero")
            need(units(draw["quantity"]) <= assigned["quantity"] - assigned["delivered"], 505, "more than was assigned")
        if "code" in body:
            need(assignment["lock"] is not None, 506, "the assignment has no lock")
            need(digest(body["code"].encode("ascii")) == assignment["lock"], 507, "the code is not that of the lock")
            need(not assignment["code_used"], 508, "the code was shown before")

    def check_event_reversed(self, event, body, key):
        subject = self.events.get(body["event"])
        need(subject, 600, "no such event")
        kind = subject["kind"]
        need(kind in REVERSIBLE, 601, f"a {kind} is not reversed")
        need(subject["organization"] == event["organization"], 602, f"{subject['organization']} appended it")
        need(key["roles"] & ROLES[kind], 120, f"no role of the key may append {kind}")
        need(not subject["reversed"], 603, "it is reversed already")
        need(not getattr(self, "kept_" + kind.replace(".", "_"))(body["event"], subject), 604, "something depends on it")

    # -- what keeps a subject from being reversed (11.6)

    def kept_recipient_enrolled(self, subject_id, subject):
        recipient = self.recipients[subject["body"]["recipient"]]
        return any(self.holds(self.assignments[a]) for a in recipient["assignments"])

    def kept_donation_received(self, subject_id, subject):
        lots = [self.lots[f"{subject_id}.{n}"] for n in range(len(subject["body"]["lots"]))]
        return any(lot["on_hand"] < lot["quantity"] for lot in lots)

    def kept_assignment_made(self, subject_id, subject):
        assignment = self.assignments[subject_id]
        return assignment["cancelled"] or any(d["delivered"] for d in assignment["draws"].values())

    def kept_assignment_cancelled(self, subject_id, subject):
        assignment = self.assignments[subject["body"]["assignment"]]
        short = any(self.lots[lot]["on_hand"] < rest for lot, rest in rests(assignment))
        return self.recipients[assignment["recipient"]]["reversed"] or short

    def kept_delivery_made(self, subject_id, subject):
        return self.assignments[subject["body"]["assignment"]]["cancelled"]

    # -- apply: an accepted event into the state; answers its postings and its recipient (10.3, 12)

    def apply(self, event, own_id, index):
        kind, body = event["kind"], event["body"]
        made = getattr(self, "apply_" + kind.replace(".", "_"))
        postings, recipient = made(event, body, own_id, index) or ([], None)
        for lot, amount, source, target in postings:
            for account, change in ((source, -amount), (target, amount)):
                if account != "donor":
                    self.lots[lot][account] += change
        if "reference" in body:
            self.references.add((event["organization"], body["reference"]))
        self.events[own_id] = {
            "kind": kind,
            "organization": event["organization"],
            "body": body,
            "reversed": False,
            "postings": postings,
            "recipient": recipient,
        }
        key = self.keys[event["signer"]]
        key["sequence"] += 1
        key["previous"] = own_id
        return postings, recipient

    def apply_ledger_opened(self, event, body, own_id, index):
        self.opening = {
            "ledger": own_id,
            "organization": event["organization"],
            "log_key": bytes.fromhex(body["log_key"]),
            "origin": body["origin"],
        }
        self.add_organization(event["organization"], body["organization_name"], index)
        self.add_key(event["signer"], event["organization"], body["roles"], None)

    def add_organization(self, code, names, index):
        self.organizations[code] = {"suspended": False, "name": names, "registered": index}

    def add_key(self, key, organization, roles, label):
        row = self.keys.setdefault(
            key, {"organization": organization, "label": None, "revoked": False, "sequence": 0, "previous": ZEROS}
        )
        row["roles"] = set(roles)
        row["label"] = label or row["label"]

    def apply_organization_registered(self, event, body, own_id, index):
        self.add_organization(body["organization"], body["name"], index)

    def apply_organization_suspended(self, event, body, own_id, index):
        self.organizations[body["organization"]]["suspended"] = event["kind"] == "organization.suspended"

    apply_organization_reinstated = apply_organization_suspended

    def apply_key_granted(self, event, body, own_id, index):
        self.add_key(body["key"], body["organization"], body["roles"], body.get("label"))

    def apply_key_revoked(self, event, body, own_id, index):
        self.keys[body["key"]]["revoked"] = True

    def apply_item_defined(self, event, body, own_id, index):
        self.items[body["item"]] = body
        self.categories.add(body["category"])

    def apply_region_defined(self, event, body, own_id, index):
        self.regions[body["region"]] = {"parent": body.get("parent"), "name": body["name"]}

    def apply_programme_opened(self, event, body, own_id, index):
        row = {name: body.get(name) for name in ("name", "organizations", "recipient_types", "regions", "from", "until")}
        self.programmes[body["programme"]] = row | {"organization": event["organization"], "closed": False}

    def apply_programme_closed(self, event, body, own_id, index):
        self.programmes[body["programme"]]["closed"] = True

    def apply_recipient_enrolled(self, event, body, own_id, index):
        self.recipients[body["recipient"]] = {
            "programme": body["programme"],
            "region": body["region"],
            "type": body["type"],
            "organization": event["organization"],
            "enrolled": index,
            "reversed": False,
            "assignments": [],
            "deliveries": 0,
            "last_delivery": None,
            "received": {},
        }
        if "uniqueness" in body:
            self.tags.add((body["programme"], body["uniqueness"]))
        return [], body["recipient"]

    def apply_donation_received(self, event, body, own_id, index):
        postings = []
        for n, line in enumerate(body["lots"]):
            self.lots[f"{own_id}.{n}"] = {
                "item": line["item"],
                "organization": event["organization"],
                "restrictions": body.get("restrictions", {}),
                "quantity": units(line["quantity"]),
                "on_hand": 0,
                "assigned": 0,
                "delivered": 0,
                "reversed": False,
                "entry": index,
            }
            postings.append((f"{own_id}.{n}", units(line["quantity"]), "donor", "on_hand"))
        return postings, None

    def apply_assignment_made(self, event, body, own_id, index):
        self.assignments[own_id] = {
            "organization": event["organization"],
            "recipient": body["recipient"],
            "draws": {d["lot"]: {"quantity": units(d["quantity"]), "delivered": 0} for d in body["draws"]},
            "lock": body.get("lock"),
            "code_used": False,
            "cancelled": False,
            "reversed": False,
        }
        if "lock" in body:
            self.locks.add(body["lock"])
        self.recipients[body["recipient"]]["assignments"].append(own_id)
        return [(d["lot"], units(d["quantity"]), "on_hand", "assigned") for d in body["draws"]], body["recipient"]

    def apply_assignment_cancelled(self, event, body, own_id, index):
        assignment = self.assignments[body["assignment"]]
        assignment["cancelled"] = True
        return [(lot, rest, "assigned", "on_hand") for lot, rest in rests(assignment)], assignment["recipient"]

    def apply_delivery_made(self, event, body, own_id, index):
        assignment = self.assignments[body["assignment"]]
        recipient = self.recipients[assignment["recipient"]]
        postings = [(d["lot"], units(d["quantity"]), "assigned", "delivered") for d in body["draws"]]
        self.deliver(assignment, recipient, postings, 1)
        recipient["last_delivery"] = max(recipient["last_delivery"] or "", event["time"][:10])
        assignment["code_used"] |= "code" in body
        return postings, assignment["recipient"]

    def deliver(self, assignment, recipient, postings, sign):
        recipient["deliveries"] += sign
        for lot, amount, _, _ in postings:
            assignment["draws"][lot]["delivered"] += sign * amount
            item = self.lots[lot]["item"]
            recipient["received"][item] = recipient["received"].get(item, 0) + sign * amount

    def apply_event_reversed(self, event, body, own_id, index):
        subject = self.events[body["event"]]
        subject["reversed"] = True
        kind, said = subject["kind"], subject["body"]
        if "reference" in said:
            self.references.discard((subject["organization"], said["reference"]))
        if kind == "recipient.enrolled":
            self.recipients[said["recipient"]]["reversed"] = True
            if "uniqueness" in said:
                self.tags.discard((said["programme"], said["uniqueness"]))
        elif kind == "donation.received":
            for n in range(len(said["lots"])):
                self.lots[f"{body['event']}.{n}"]["reversed"] = True
        elif kind == "assignment.made":
            self.assignments[body["event"]]["reversed"] = True
        elif kind == "assignment.cancelled":
            self.assignments[said["assignment"]]["cancelled"] = False
        else:
            assignment = self.assignments[said["assignment"]]
            self.deliver(assignment, self.recipients[assignment["recipient"]], subject["postings"], -1)
        return [(lot, amount, target, source) for lot, amount, source, target in subject["postings"]], subject["recipient"]


def rests(assignment):
    """The draws that have a rest, in their order."""
    each = ((lot, d["quantity"] - d["delivered"]) for lot, d in assignment["draws"].items())
    return [(lot, rest) for lot, rest in each if rest]


# ---------------------------------------------------------------- views (12)


def balance(amount, decimals):
    digits = str(abs(amount)).rjust(decimals + 1, "0")
    if decimals:
        digits = digits[:-decimals] + "." + digits[-decimals:]
    return "-" + digits if amount < 0 else digits


class Views:
    """What must be folded as events come; the rest is read off the state at the end."""

    def __init__(self, state):
        self.state = state
        self.balances, self.days, self.listings = {}, {}, {}

    def fold(self, index, event, postings, recipient):
        self.fold_amounts(event, postings, recipient)
        for name in self.names_of(event, postings, recipient):
            self.listings.setdefault(name, []).append(index)

    def fold_amounts(self, event, postings, recipient):
        day = event["time"][:10]
        for lot_id, amount, source, target in postings:
            lot = self.state.lots[lot_id]
            for account, change in ((source, -amount), (target, amount)):
                if account in ("donor", "on_hand"):
                    place = "-/-"
                else:
                    row = self.state.recipients[recipient]
                    place = f"{row['programme']}/{row['region']}"
                row = self.balances.setdefault(f"{lot['item']}/{lot['organization']}/{place}", new_row(lot["item"], "on_hand"))
                member, change = ("donated", -change) if account == "donor" else (account, change)
                row[member] += change
            row = self.days.setdefault(f"{day}/{lot['item']}", new_row(lot["item"]))
            member = {"donor": "donated", "on_hand": "assigned", "assigned": "delivered"}
            rank = ("donor", "on_hand", "assigned", "delivered")
            forward = rank.index(source) < rank.index(target)
            row[member[source if forward else target]] += amount if forward else -amount

    def names_of(self, event, postings, recipient):
        kind, body = event["kind"], event["body"]
        names = {f"kind/{kind}", f"organization/{event['organization']}"}
        if kind.startswith("organization.") or kind == "key.granted":
            names.add(f"organization/{body['organization']}")
        if kind == "key.revoked":
            names.add(f"organization/{self.state.keys[body['key']]['organization']}")
        for thing in ("programme", "region", "item"):
            if kind.startswith(thing + "."):
                names.add(f"{thing}/{body[thing]}")
        for lot_id, _, _, _ in postings:
            names |= {f"lot/{lot_id}", f"item/{self.state.lots[lot_id]['item']}"}
        if recipient is not None:
            row = self.state.recipients[recipient]
            names |= {f"recipient/{recipient}", f"programme/{row['programme']}", f"region/{row['region']}"}
        return names

    def rows(self):
        return {
            "balances": {key: self.amounts(row) for key, row in self.balances.items()},
            "days": {key: self.amounts(row) for key, row in self.days.items()},
            "listings": self.listing_rows(),
            "lots": {key: self.lot_row(row) for key, row in self.state.lots.items()},
            "recipients": {key: self.recipient_row(row) for key, row in self.state.recipients.items()},
            "registry": self.registry_rows(),
        }

    def digests(self):
        return {name: view_digest(rows) for name, rows in self.rows().items()}

    def amounts(self, row):
        decimals = self.state.items[row["item"]]["decimals"]
        return {member: balance(amount, decimals) for member, amount in row.items() if member != "item"}

    def listing_rows(self):
        rows = {}
        for name, entries in self.listings.items():
            full = len(entries) // 256
            rows[name] = {"count": len(entries), "entries": entries[256 * full :]}
            for c in range(full):
                rows[f"{name}/{c:08}"] = entries[256 * c : 256 * (c + 1)]
        return rows

    def lot_row(self, lot):
        row = {name: lot[name] for name in ("item", "organization", "entry")}
        for name in ("assigned", "delivered", "on_hand", "quantity"):
            row[name] = balance(lot[name], self.state.items[lot["item"]]["decimals"])
        return row | ({"reversed": True} if lot["reversed"] else {})

    def recipient_row(self, recipient):
        row = {name: recipient[name] for name in ("deliveries", "enrolled", "organization", "programme", "region", "type")}
        received = [
            {"item": item, "quantity": balance(amount, self.state.items[item]["decimals"])}
            for item, amount in sorted(recipient["received"].items())
            if amount
        ]
        if recipient["last_delivery"]:
            row["last_delivery"] = recipient["last_delivery"]
        if received:
            row["received"] = received
        return row | ({"reversed": True} if recipient["reversed"] else {})

    def registry_rows(self):
        rows, state = {}, self.state
        for code, item in state.items.items():
            rows[f"item/{code}"] = {name: value for name, value in item.items() if name != "item"}
        for key, row in state.keys.items():
            value = {"events": row["sequence"], "organization": row["organization"], "revoked": row["revoked"]}
            value["roles"] = sorted(row["roles"])
            rows[f"key/{key}"] = value | ({"label": row["label"]} if row["label"] else {})
        for code, row in state.organizations.items():
            rows[f"organization/{code}"] = row
        for code, row in state.programmes.items():
            rows[f"programme/{code}"] = {name: row[name] for name in ("closed", "name", "organization")}
        for code, row in state.regions.items():
            rows[f"region/{code}"] = {name: value for name, value in row.items() if value is not None}
        return rows


def new_row(item, *more):
    return {"item": item} | dict.fromkeys(("assigned", "delivered", "donated", *more), 0)


def view_digest(rows):
    return digest("".join(f"{key}\t{canonical(rows[key])}\n" for key in sorted(rows)).encode("utf-8"))


# ---------------------------------------------------------------- the bytes of a ledger (7, 8)


def read_file(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Unable(f"{path}: {error.strerror}")


def entries_of_folder(folder):
    """(place, entry bytes) of a ledger folder's segments."""
    names = {name for name in os.listdir(folder) if re.fullmatch(r"([0-9]{8}|[1-9][0-9]{8,})\.jsonl", name)}
    for n in range(len(names)):
        name = f"{n:08}.jsonl"
        if name not in names:
            raise Wrong("lines", f"the segment log/{name} is missing")
        data = read_file(os.path.join(folder, name))
        lines = data.split(b"\n")
        tail = lines.pop()
        last = n == len(names) - 1
        if not last and (tail or len(lines) != SEGMENT_ENTRIES):
            raise Wrong("lines", f"log/{name} has {len(lines)} entries and is not the last segment")
        if len(lines) > SEGMENT_ENTRIES:
            raise Wrong("lines", f"log/{name} has {len(lines)} entries, {SEGMENT_ENTRIES} at most")
        for number, line in enumerate(lines):
            yield f"log/{name}, line {number + 1}", line


def tile_path(n):
    groups = [f"{n % 1000:03}"]
    while n := n // 1000:
        groups.insert(0, f"x{n % 1000:03}")
    return "/".join(groups)


def read_tile(folder, level, n, width):
    """The tile's bytes, and whether they may go on beyond `width`."""
    path = os.path.join(folder, "tile", str(level), tile_path(n))
    partial = f"{path}.p/{width}"
    if width < 256 and os.path.exists(partial):
        return read_file(partial), False
    if not os.path.exists(path):
        raise Wrong("tiles", f"tile/{level}/{tile_path(n)} is missing")
    return read_file(path), width < 256


def tiles_of(size):
    n = 0
    while size > 0:
        yield n, min(size, 256)
        n, size = n + 1, size - 256


def entries_of_tiles(folder, size):
    for n, width in tiles_of(size):
        data, longer = read_tile(folder, "entries", n, width)
        at = 0
        for i in range(width):
            length = int.from_bytes(data[at : at + 2], "big")
            if at + 2 + length > len(data):
                raise Wrong("lines", f"entry bundle {n} ends before its entry {i}")
            yield f"tile/entries/{tile_path(n)}, entry {i}", data[at + 2 : at + 2 + length]
            at += 2 + length
        if at != len(data) and not longer:
            raise Wrong("tiles", f"entry bundle {n} has bytes after its entries")


def check_tiles(folder, leaves):
    level, hashes = 0, leaves
    while hashes:
        for n, width in tiles_of(len(hashes)):
            data, longer = read_tile(folder, level, n, width)
            should = b"".join(hashes[256 * n : 256 * n + width])
            if data[: len(should)] != should or (len(data) != len(should) and not longer):
                raise Wrong("tiles", f"tile/{level}/{tile_path(n)} is not what the entries give")
        hashes = [root_of(hashes[i : i + 256]) for i in range(0, len(hashes) - 255, 256)]
        level += 1


# ---------------------------------------------------------------- verification (13)


class Verifier:
    def __init__(self, ledger=None, way="every"):
        self.ledger, self.way = ledger, way
        self.state = State()
        self.views = Views(self.state)
        self.leaves = []
        self.last_hash, self.last_recorded = ZEROS, ""

    def take(self, data):
        """Steps 2 to 7 for the next entry."""
        index = len(self.leaves)
        try:
            entry, event_bytes = read_entry(data)
        except Refused as refused:
            raise Wrong("lines" if refused.rule == 101 else "form", refused.words, refused.rule)
        event, own = entry["event"], digest(event_bytes)
        if entry["index"] != index:
            raise Wrong("chain", f"index {entry['index']}, should be {index}")
        if entry["previous"] != self.last_hash:
            raise Wrong("chain", f"previous {entry['previous']}, should be {self.last_hash}")
        if entry["recorded"] < self.last_recorded:
            raise Wrong("chain", f"recorded {entry['recorded']} is earlier than {self.last_recorded} before it")
        if index == 0 and self.ledger not in (None, own):
            raise Wrong("ledger", f"this is the ledger {own}, should be {self.ledger}")
        signer, signature = bytes.fromhex(event["signer"]), bytes.fromhex(entry["signature"])
        if not signature_holds(signer, signature, DOMAIN + event_bytes, self.way):
            raise Wrong("signatures", f"the signature is not by {event['signer']} over this event", 102)
        try:
            self.state.check(event, entry["recorded"])
        except Refused as refused:
            raise Wrong("feeds" if refused.rule in (118, 119) else "rules", refused.words, refused.rule)
        self.views.fold(index, event, *self.state.apply(event, own, index))
        self.leaves.append(leaf_hash(data))
        self.last_hash, self.last_recorded = digest(data), entry["recorded"]

    def check_checkpoint(self, data):
        """Steps 8 and 9."""
        checkpoint = Checkpoint(data)
        if checkpoint.origin != self.state.opening["origin"]:
            raise Wrong("checkpoint", f"the origin is {checkpoint.origin}, should be {self.state.opening['origin']}")
        checkpoint.check_signature(self.state.opening["log_key"])
        if checkpoint.size > len(self.leaves):
            raise Wrong("tree", f"the checkpoint is of {checkpoint.size} entries, the log has {len(self.leaves)}")
        if root_of(self.leaves[: checkpoint.size]) != checkpoint.root:
            raise Wrong("tree", f"the root of {checkpoint.size} entries is not the checkpoint's")
        return checkpoint


def verify(folder, ledger, way):
    """A verdict as a dictionary; raises `Unable` if there is none."""
    log = os.path.join(folder, "log")
    exported = not os.path.isdir(log) and os.path.isdir(os.path.join(folder, "tile"))
    if not exported and not os.path.isdir(log):
        raise Unable(f"{folder} holds neither log/ nor tile/")
    verifier = Verifier(ledger, way)
    place = None
    try:
        if exported:
            data = read_file(os.path.join(folder, "checkpoint"))
            entries = entries_of_tiles(folder, Checkpoint(data).size)
        else:
            entries = entries_of_folder(log)
        for place, line in entries:
            verifier.take(line)
            place = None
        if not verifier.leaves:
            raise Wrong("chain", "there is no entry")
        data = read_file(os.path.join(folder, "checkpoint"))
        checkpoint = verifier.check_checkpoint(data)
        if exported:
            check_tiles(folder, verifier.leaves)
        views = verifier.views.digests()
    except Wrong as wrong:
        entry = len(verifier.leaves) if place else None
        where = {"step": wrong.step, "entry": entry, "rule": wrong.rule, "place": place}
        return {"answer": "does not verify", "what": wrong.words} | where
    return {
        "answer": "verifies",
        "ledger": verifier.state.opening["ledger"],
        "size": len(verifier.leaves),
        "root": root_of(verifier.leaves).hex(),
        "recorded": verifier.last_recorded,
        "checkpoint_size": checkpoint.size,
        "not_committed": len(verifier.leaves) - checkpoint.size,
        "views": views,
    }


def prove(arguments):
    logs = read_policy(read_file(arguments.policy)) if arguments.policy else [read_vkey(arguments.vkey)]
    entry = read_file(arguments.entry) if arguments.entry else None
    if entry is not None and entry.endswith(b"\n"):
        entry = entry[:-1]
    try:
        return {"answer": "holds"} | check_proof(read_file(arguments.proof), logs, entry, arguments.id)
    except Wrong as wrong:
        return {"answer": "does not hold", "step": wrong.step, "rule": wrong.rule, "what": wrong.words}


def report(answer):
    if "what" not in answer:
        for name, value in answer.items():
            for line in [f"{name}  {value}"] if name != "views" else [f"view {k}  {v}" for k, v in value.items()]:
                print(line)
        return
    rule = f" (rule {answer['rule']})" if answer["rule"] else ""
    entry = "" if answer.get("entry") is None else f"entry {answer['entry']}: "
    place = f" [{answer['place']}]" if answer.get("place") else ""
    print(f"It {answer['answer'].replace('does not', 'does NOT')}.")
    print(f"{answer['step']}: {entry}{answer['what']}{rule}{place}")


def main():
    parser = argparse.ArgumentParser(description="A second verifier of aidledger ledgers and proofs")
    parser.add_argument("ledger", nargs="?", help="a ledger folder or an exported tile folder")
    parser.add_argument("--id", help="the ledger's id, from elsewhere")
    parser.add_argument("--signatures", choices=("every", "strict"), default="every")
    parser.add_argument("--proof", help="a .tlog-proof file")
    parser.add_argument("--entry", help="the entry, if it is not in the proof's extra data")
    parser.add_argument("--vkey", help="the log's vkey")
    parser.add_argument("--policy", help="a tlog-policy file without witnesses")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if bool(arguments.proof) == bool(arguments.ledger) or bool(arguments.proof) != bool(arguments.vkey or arguments.policy):
        parser.error("name a ledger, or a proof with --vkey or --policy")
    try:
        if arguments.id is not None and not re.fullmatch("[0-9a-f]{64}", arguments.id):
            raise Unable("the id is not 64 hex digits")
        answer = prove(arguments) if arguments.proof else verify(arguments.ledger, arguments.id, arguments.signatures)
    except Unable as unable:
        answer = {"answer": "unable", "error": str(unable)}
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False, sort_keys=True))
    elif "error" in answer:
        print(f"Error: {answer['error']}", file=sys.stderr)
    else:
        report(answer)
    return 2 if "error" in answer else 1 if "what" in answer else 0


if __name__ == "__main__":
    sys.exit(main())
