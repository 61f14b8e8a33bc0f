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
import itertools
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
DISPUTE_DOMAIN = b"aidledger/dispute/v1\n"


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
requirement = word("commitment", "evidence", "lock", "reference", "size", "uniqueness")
separation = word("assign-deliver", "enrol-assign", "enrol-deliver")
draws = list_of(obj(lot=lot_id, quantity=quantity), lot_order)
lot_lines = list_of(obj(item=code, quantity=quantity))
donor = obj(commitment=(hash_form,), name=(text,), type=donor_type)
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
    "policy.changed": obj(
        approvals=(list_of(obj(**{"from": quantity}, approvals=integer, item=code)),),
        days_back=(integer,),
        idle_days=(integer,),
        organization=(code,),
        overhead_permille=(integer,),
        requires=(set_of(requirement),),
        reversal_approvals=(integer,),
        rules=integer,
        separate=(set_of(separation),),
        small_cell=(integer,),
    ),
    "recipient.enrolled": obj(
        commitment=(hash_form,),
        key=(key_form,),
        name=(names,),
        programme=code,
        recipient=token,
        reference=(hash_form,),
        region=code,
        size=(integer,),
        type=recipient_type,
        uniqueness=(hash_form,),
    ),
    "recipient.withdrawn": obj(
        reason=word("deceased", "duplicate", "left", "moved", "not-eligible", "requested"), recipient=token
    ),
    "need.recorded": obj(due=(date,), lines=lot_lines, recipient=token, reference=(hash_form,)),
    "donation.pledged": obj(donor=donor, due=(date,), lines=lot_lines, reference=(hash_form,)),
    "donation.received": obj(
        donor=donor,
        lots=lot_lines,
        pledge=(event_id,),
        receipt=(hash_form,),
        reference=(hash_form,),
        restrictions=(restrictions,),
    ),
    "donation.returned": obj(
        donation=event_id,
        draws=draws,
        reason=word("donor-request", "not-usable", "other", "received-in-error", "surplus"),
        reference=(hash_form,),
    ),
    "purchase.made": obj(
        draws=draws,
        evidence=(hash_form,),
        lots=list_of(obj(cost=quantity, item=code, quantity=quantity)),
        reference=(hash_form,),
        supplier=(hash_form,),
    ),
    "transfer.sent": obj(
        carrier=(code,), draws=draws, due=(date,), reference=(hash_form,), to=code, waybill=(text,)
    ),
    "transfer.accepted": obj(
        draws=(draws,), evidence=(hash_form,), reference=(hash_form,), transfer=event_id
    ),
    "expense.paid": obj(
        draws=draws,
        evidence=(hash_form,),
        programme=(code,),
        purpose=word(
            "bank-fees", "communication", "fuel", "office", "other", "rent", "salaries", "storage", "transport"
        ),
        reference=(hash_form,),
        region=(code,),
    ),
    "loss.recorded": obj(
        draws=draws,
        evidence=(hash_form,),
        reason=word("damaged", "expired", "missing", "other", "spoiled", "stolen"),
        reference=(hash_form,),
    ),
    "stock.counted": obj(counts=lot_lines, evidence=(hash_form,), reference=(hash_form,)),
    "assignment.made": obj(
        draws=draws,
        due=(date,),
        lock=(hash_form,),
        need=(event_id,),
        programme=code,
        recipient=token,
        reference=(hash_form,),
    ),
    "assignment.cancelled": obj(
        assignment=event_id,
        reason=word("duplicate", "expired", "not-found", "not-needed", "other", "stock-problem"),
    ),
    "delivery.made": obj(
        assignment=event_id, code=(slip_code,), draws=draws, evidence=(hash_form,), reference=(hash_form,)
    ),
    "delivery.failed": obj(
        assignment=event_id,
        reason=word("address-unknown", "moved", "not-home", "other", "refused", "unsafe"),
    ),
    "delivery.confirmed": obj(delivery=event_id, evidence=(hash_form,)),
    "delivery.disputed": obj(
        delivery=event_id,
        reason=word("bad-quality", "less-received", "not-received", "other", "payment-demanded", "wrong-goods"),
        signature=(signature_form,),
    ),
    "dispute.answered": obj(
        answer=word("accepted", "explained", "rejected", "under-review"),
        event=event_id,
        evidence=(hash_form,),
        flag=(code,),
        reason=word(
            "bulk-distribution",
            "corrected",
            "fixed-package",
            "late-entry",
            "night-shift",
            "other",
            "price-change",
            "shared-device",
            "waiting-for-need",
        ),
    ),
    "approval.given": obj(assignment=(event_id,), draft=(hash_form,)),
    "audit.attested": obj(
        conclusion=word("adverse", "disclaimer", "qualified", "unqualified"),
        programme=(code,),
        report=(hash_form,),
        root=hash_form,
        sample=(
            obj(
                confidence_permille=integer,
                drawn=integer,
                failed=integer,
                method=word("equal", "money"),
                population=integer,
                seed=hash_form,
                tolerable_permille=integer,
            ),
        ),
        size=integer,
    ),
    "event.reversed": obj(
        event=event_id,
        reason=word("did-not-happen", "entered-twice", "other", "wrong-item", "wrong-quantity", "wrong-recipient"),
    ),
    "volunteer.joined": obj(commitment=(hash_form,), key=(key_form,), volunteer=token),
    "service.recorded": obj(
        activity=word("calls", "delivery", "driving", "intake", "medical", "other", "packing", "teaching"),
        day=date,
        minutes=integer,
        programme=(code,),
        reference=(hash_form,),
        volunteer=token,
    ),
    "recognition.awarded": obj(
        award=word("deliveries-100", "deliveries-1000", "hours-10", "hours-100", "hours-50", "hours-500"),
        volunteer=token,
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


# ---------------------------------------------------------------- personal data (11.11)

DIGIT_ZEROS = """
0030 0660 06F0 07C0 0966 09E6 0A66 0AE6 0B66 0BE6 0C66 0CE6 0D66 0DE6 0E50 0ED0 0F20 1040 1090 17E0 1810 1946 19D0 1A80 1A90 1B50
1BB0 1C40 1C50 A620 A8D0 A900 A9D0 A9F0 AA50 ABF0 FF10 104A0 10D30 11066 110F0 11136 111D0 112F0 11450 114D0 11650 116C0 11730 118E0
11950 11C50 11D50 11DA0 16A60 16AC0 16B50 1D7CE 1D7D8 1D7E2 1D7EC 1D7F6 1E950 1FBF0
"""
DIGITS = {chr(int(zero, 16) + n): n for zero in DIGIT_ZEROS.split() for n in range(10)}
GAPS = (
    dict.fromkeys("\u0020\u00a0\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))), " ")
    | dict.fromkeys("-\u2212\ufe58\ufe63\uff0d" + "".join(map(chr, range(0x2010, 0x2016))), "-")
    | dict.fromkeys(".\uff0e\u00b7\u2024", ".")
    | dict.fromkeys("/\uff0f", "/")
    | dict.fromkeys("(\uff08[", "(")
    | dict.fromkeys(")\uff09]", ")")
)
UNSEEN = frozenset("\u00ad\u2060\ufeff" + "".join(map(chr, range(0x200B, 0x2010))))
HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


def shapes(written):
    return [[int(n) for n in shape.split()] for shape in written.split(";")]


IDENTITY_NUMBER = shapes("12;6 6;4 4 4;3 3 3 3;6 1 5;6 1 4 1;6 5 1;2 2 2 6;2 2 2 1 4 1") + [[1] * 12]
PHONE = shapes(
    "11;1 10;4 7;1 3 7;1 3 3 4;1 3 3 2 2;1 3 2 2 3;1 3 2 3 2;4 3 4;4 3 2 2;4 2 2 3;1 4 6;1 4 2 2 2;1 4 3 3;1 4 2 4;5 6;5 2 2 2;5 3 3;1 5 5;"
    "1 5 1 2 2"
) + [[1] * 11]
PHONE_SHORT = shapes("3 3 2 2;3 3 4;3 7;4 2 2 2;4 6")
CARD = shapes("13;14;15;16;17;18;19;4 4 4 4;8 8;4 4 4 4 3;4 6 5;4 6 4;4 4 4 1") + [[2] * 8, [1] * 16]
CODES_OF_7 = {*range(9), *range(10, 19), *range(21, 30), 36, 47, 50, 51, *range(60, 65), 71, *range(75, 79)}


def is_letter(c):
    if c < "\x80":
        return "a" <= c <= "z" or "A" <= c <= "Z"
    return c not in DIGITS and c not in GAPS


def blanked(text):
    chars = [c for c in text if c not in UNSEEN]
    at = 0
    while at < len(chars):
        end = at
        while end < len(chars) and (chars[end] in HEX_DIGITS or chars[end] == "-"):
            end += 1
        hyphens = [n for n, c in enumerate(chars[at:end]) if c == "-"]
        if (end - at == 36 and hyphens == [8, 13, 18, 23]) or (end - at >= 32 and not hyphens):
            chars[at:end] = "#" * (end - at)
        at = max(end, at + 1)
    return chars


def is_mixed(beside):
    letters = "".join(itertools.takewhile(is_letter, beside))
    following = beside[len(letters) : len(letters) + 1]
    return bool(letters) and (HEX_DIGITS.issuperset(letters) or (following and following[0] in DIGITS))


class Run:
    """A row of groups of digits, with the gap before each."""

    def __init__(self, chars, at):
        self.groups, self.gaps = [], []
        self.mixed_before = is_mixed(chars[:at][::-1])
        before = chars[max(0, at - 3) : at]
        last = next((c for c in reversed(before) if c not in " (\uff08"), None)
        bracket = before and before[-1] in "(\uff08["
        gap = "+" if last in ("+", "\uff0b", "\ufe62") else "(" if bracket else " "
        while True:
            group = [DIGITS[c] for c in itertools.takewhile(DIGITS.__contains__, chars[at:])]
            self.groups.append(group)
            self.gaps.append(gap)
            at += len(group)
            between = [GAPS[c] for c in itertools.takewhile(GAPS.__contains__, chars[at : at + 4])]
            beyond = at + len(between)
            if not 1 <= len(between) <= 3 or beyond >= len(chars) or chars[beyond] not in DIGITS:
                break
            drawn = [c for c in between if c in "()"] + [c for c in between if c != " "] + [" "]
            gap, at = drawn[0], beyond
        self.end = at
        self.mixed_after = is_mixed(chars[at:])
        fraction = len(list(itertools.takewhile(DIGITS.__contains__, chars[at + 1 :])))
        self.decimals_after = chars[at : at + 1] == [","] and 1 <= fraction <= 2

    def written(self, n, shape):
        """The digits of the groups from n if they are written in the shape, else none."""
        end = n + len(shape)
        groups, last = self.groups[n:end], end == len(self.groups)
        if [len(group) for group in groups] != shape:
            return None
        if len(shape) == 1 and end == len(self.groups) - 1 and self.gaps[end] == "." and len(self.groups[end]) <= 9:
            return None
        if last and (self.decimals_after or self.mixed_after):
            return None
        if last and n == 0 and len(shape) == 2 and self.gaps[1] == ".":
            return None
        if n and self.gaps[n] == "." and self.groups[n - 1] == [0]:
            return None
        return [digit for group in groups for digit in group]

    def one_gap(self, n, end):
        return len(set(self.gaps[n + 1 : end])) <= 1

    def goes_on(self, n, end):
        if end - n == 1:
            return False
        gap, sizes = self.gaps[n + 1], [len(group) for group in self.groups]
        before = n > 0 and self.gaps[n] == gap and (sizes[n - 1] == sizes[n] or set(sizes[n:end]) == {3})
        return before or (end < len(sizes) and self.gaps[end] == gap and sizes[end] == sizes[end - 1])

    def plain(self, n, shape):
        end = n + len(shape)
        return self.one_gap(n, end) and not self.goes_on(n, end)

    def with_plus(self, n):
        for end in range(n + 1, len(self.groups) + 1):
            groups = self.groups[n:end]
            digits = [digit for group in groups for digit in group]
            fits = digits[0] and (len(digits) == 11 if digits[0] in (1, 7) else 10 <= len(digits) <= 15)
            amount = len(groups) > 1 and len(groups[0]) < 3 and all(len(g) == 3 for g in groups[1:]) and self.one_gap(n, end)
            if fits and not amount:
                return not (end == len(self.groups) and (self.mixed_after or self.decimals_after))
        return False

    def from_abroad(self, n):
        digits = []
        for group in self.groups[n : n + 7]:
            digits += group
            if len(digits) >= 13:
                break
        return len(digits) == 13 and digits[:3] == [0, 0, 7] and code_in_use(digits[3:])

    def identifies(self, n):
        if n == 0 and self.mixed_before:
            return False
        for shape in IDENTITY_NUMBER:
            digits = self.written(n, shape)
            if digits and self.plain(n, shape) and is_identity_number(digits):
                return True
        if self.gaps[n] == "+" and self.with_plus(n):
            return True
        for shape in PHONE:
            digits = self.written(n, shape)
            if digits and digits[0] in (7, 8) and code_in_use(digits[1:]):
                return True
        for shape in PHONE_SHORT:
            digits = self.written(n, shape)
            if digits and code_in_use(digits):
                usual = digits[0] in (7, 9) and shape == [3, 3, 2, 2] and not self.goes_on(n, n + 4)
                if usual or (self.gaps[n] == "(" and self.gaps[n + 1] == ")"):
                    return True
        for shape in CARD:
            digits = self.written(n, shape)
            if digits and self.plain(n, shape) and is_card(digits):
                return True
        return self.from_abroad(n)


def number(digits):
    return int("".join(map(str, digits)))


def is_identity_number(d):
    year, month, day = number(d[:2]), number(d[2:4]), number(d[4:6])
    leap = year % 4 == 0 and not (year == 0 and 1 <= d[6] <= 4)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if d[6] > 6 or not 1 <= month <= 12 or not 1 <= day <= lengths[month - 1]:
        return False
    for weights in (range(1, 12), (*range(3, 12), 1, 2)):
        s = sum(a * b for a, b in zip(d, weights)) % 11
        if s != 10:
            return s == d[11]
    return False


def code_in_use(d):
    first, rest = d[0], number(d[1:3])
    if d[3:6] == [0, 0, 0]:
        return False
    if first == 7:
        return rest in CODES_OF_7
    return (first in (3, 4) and rest > 0) or (first == 8 and rest >= 10) or (first == 9 and rest != 11)


def is_card(d):
    second = d[-2::-2]
    luhn = sum(d[-1::-2]) + sum(n * 2 // 10 + n * 2 % 10 for n in second)
    ean = sum(d[-1::-2]) + 3 * sum(second)
    if len(set(d)) == 1 or luhn % 10 or (len(d) == 13 and ean % 10 == 0):
        return False
    count, two, three, four = len(d), number(d[:2]), number(d[:3]), number(d[:4])
    return (
        (count in (13, 16, 19) and d[0] == 4)
        or (count == 14 and (two in (36, 38, 39) or 300 <= three <= 305))
        or (count == 15 and two in (34, 37))
        or (count == 16 and (51 <= two <= 55 or 2221 <= four <= 2720 or four in (8600, 9860)))
        or (16 <= count <= 19 and (2200 <= four <= 2204 or 3528 <= four <= 3589))
        or (two == 50 or 56 <= two <= 69)
    )


def holds_personal_data(text):
    chars = blanked(text)
    at = 0
    while at < len(chars):
        if chars[at] not in DIGITS:
            at += 1
            continue
        run = Run(chars, at)
        if any(run.identifies(n) for n in range(len(run.groups))):
            return True
        at = run.end
    return False


def public_texts(event):
    """The texts and codes that rule 124 looks at."""
    kind, body = event["kind"], event["body"]
    if kind == "ledger.opened":
        yield event["organization"]
    for member in ("name", "organization_name"):
        # The name of a donor is looked at below; `name` of a body is always one of names.
        yield from body.get(member, {}).values()
    members = {
        "ledger.opened": ("origin",),
        "organization.registered": ("organization",),
        "key.granted": ("label",),
        "item.defined": ("category", "item", "unit"),
        "region.defined": ("region",),
        "programme.opened": ("programme",),
        "transfer.sent": ("carrier", "waybill"),
        "dispute.answered": ("flag",),
    }
    yield from (body[member] for member in members.get(kind, ()) if member in body)
    if "name" in body.get("donor", {}):
        yield body["donor"]["name"]


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
    "policy.changed": {"admin", "registrar"},
    "programme.opened": {"admin"},
    "recognition.awarded": {"admin"},
    "recipient.enrolled": {"intake"},
    "recipient.withdrawn": {"intake"},
    "need.recorded": {"assign", "intake"},
    "donation.pledged": {"finance"},
    "donation.received": {"finance"},
    "donation.returned": {"finance"},
    "purchase.made": {"finance"},
    "expense.paid": {"finance"},
    "transfer.sent": {"assign", "finance"},
    "transfer.accepted": {"assign", "finance"},
    "loss.recorded": {"assign", "finance"},
    "stock.counted": {"assign", "field", "finance"},
    "assignment.made": {"assign"},
    "assignment.cancelled": {"assign"},
    "delivery.made": {"field"},
    "delivery.failed": {"field"},
    "delivery.confirmed": {"admin", "assign", "audit", "field", "intake"},
    "delivery.disputed": {"admin", "audit", "field", "intake", "registrar"},
    "dispute.answered": {"admin", "assign"},
    "service.recorded": {"admin", "assign"},
    "approval.given": {"admin", "assign", "finance"},
    "audit.attested": {"audit"},
    "volunteer.joined": {"admin", "intake"},
    "event.reversed": {"admin", "assign", "audit", "field", "finance", "intake"},
}
AWARDS = {
    "hours-10": ("minutes", 600),
    "hours-50": ("minutes", 3_000),
    "hours-100": ("minutes", 6_000),
    "hours-500": ("minutes", 30_000),
    "deliveries-100": ("deliveries", 100),
    "deliveries-1000": ("deliveries", 1_000),
}
# The accounts of a lot (10.3); of those outside, what a lot took from them is negative.
OUTSIDE = ("donor", "supplier", "transferred_in")
INSIDE = ("on_hand", "in_transit", "assigned", "delivered", "spent", "lost", "returned", "transferred_out")


def units(quantity):
    return int(quantity.replace(".", ""))


def decimals_of(quantity):
    return len(quantity.partition(".")[2])


def need(holds, rule, words):
    if not holds:
        raise Refused(rule, words)


def moment(time):
    return datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ")


def private(recipient_type):
    return recipient_type in ("household", "person")


def days_between(time, recorded):
    return (moment(recorded).date() - moment(time).date()).days


def in_time(time, recorded):
    # The subtraction is on this side because a moment near the year 9999 has no later one.
    return time <= recorded or moment(time) - moment(recorded) <= timedelta(seconds=300)


class State:
    def __init__(self):
        self.opening = None
        self.events, self.organizations, self.keys, self.items = {}, {}, {}, {}
        self.categories, self.regions, self.programmes = set(), {}, {}
        self.recipients, self.recipient_keys, self.tags = {}, set(), set()
        self.needs, self.pledges, self.lots, self.transfers, self.assignments = {}, {}, {}, {}, {}
        self.locks, self.deliveries, self.confirmations, self.references = set(), {}, {}, set()
        self.policies, self.approvals, self.volunteers, self.volunteer_keys = {}, {}, {}, {}
        # Restrictions of donations in the order in which they first came (10.5).
        self.restrictions = {}

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

    def in_force(self, event):
        return [self.policies[scope] for scope in (None, event["organization"]) if scope in self.policies]

    def separated(self, event, duties):
        return any(duties in policy.get("separate", ()) for policy in self.in_force(event))

    def item_of(self, draw):
        return self.lots[draw["lot"]]["item"]

    def needed_approvals(self, event):
        """How many approvals an event needs, of which subject, and whose do not count (11.8)."""
        kind, body, policies = event["kind"], event["body"], self.in_force(event)
        sums = {}
        if kind == "event.reversed":
            return max([policy.get("reversal_approvals", 0) for policy in policies], default=0), draft_of(event), {event["signer"]}
        if kind == "delivery.made":
            assignment = self.assignments[body["assignment"]]
            subject, makers = ("assignment", body["assignment"]), {event["signer"], assignment["signer"]}
            drawn = [(lot, draw["quantity"]) for lot, draw in assignment["draws"].items()]
        elif kind == "transfer.accepted":
            subject, makers = draft_of(event), {event["signer"]}
            arrived = {draw["lot"]: units(draw["quantity"]) for draw in body.get("draws", ())}
            sent = self.transfers[body["transfer"]]["draws"].items()
            drawn = [(lot, quantity - arrived.get(lot, 0)) for lot, quantity in sent if quantity > arrived.get(lot, 0)]
        elif kind in ("purchase.made", "transfer.sent", "donation.returned", "expense.paid", "loss.recorded"):
            subject, makers = draft_of(event), {event["signer"]}
            drawn = [(draw["lot"], units(draw["quantity"])) for draw in body["draws"]]
        else:
            return 0, None, set()
        for lot, quantity in drawn:
            item = self.lots[lot]["item"]
            sums[item] = sums.get(item, 0) + quantity
        bands = [band for policy in policies for band in policy.get("approvals", ())]
        reached = [b["approvals"] for b in bands if b["item"] in sums and sums[b["item"]] >= units(b["from"])]
        return max(reached, default=0), subject, makers

    def served_by(self, assignment, body):
        """What a delivery serves: (need, line, quantity), each line of a need once at most (11.6)."""
        needs = [assignment["need"]] if assignment["need"] else self.recipients[assignment["recipient"]]["needs"]
        served = {}
        for draw in body["draws"]:
            rest = units(draw["quantity"])
            for need in needs:
                for n, line in enumerate(self.needs[need]["lines"]):
                    if line["item"] == self.item_of(draw):
                        taken = min(rest, line["quantity"] - line["served"] - served.get((need, n), 0))
                        served[need, n] = served.get((need, n), 0) + taken
                        rest -= taken
        return [(need, n, taken) for (need, n), taken in served.items() if taken]

    # -- checks that recur (11.1, 10.5)

    def check_quantity(self, quantity, item):
        need(decimals_of(quantity) == self.items[item]["decimals"], 403, f"{quantity} has other decimals than {item}")
        need(units(quantity) > 0, 404, "a quantity is zero")

    def check_lines(self, lines):
        for line in lines:
            need(line["item"] in self.items, 401, f"no item {line['item']}")
            self.check_quantity(line["quantity"], line["item"])

    def check_draws(self, event, more=lambda lot, draw: None):
        for draw in event["body"]["draws"]:
            lot = self.lots.get(draw["lot"])
            need(lot and not lot["reversed"], 405, f"no lot {draw['lot']}")
            need(lot["organization"] == event["organization"], 406, f"{lot['organization']} holds the lot")
            self.check_quantity(draw["quantity"], lot["item"])
            need(units(draw["quantity"]) <= lot["on_hand"], 407, "the lot has less on hand")
            more(lot, draw)

    def check_money(self, event, lot):
        currency = self.item_of(event["body"]["draws"][0])
        need(self.items[lot["item"]]["type"] == "money" and lot["item"] == currency, 416, f"{lot['item']} is not {currency}")

    def restrictions_of(self, lots):
        """All restrictions of some lots, each once, by the first donation that had them."""
        held = {limits for lot in lots for limits in lot["restrictions"]}
        return sorted(held, key=lambda limits: self.restrictions[limits][0])

    def check_use(self, lot, item, event, place=None):
        """With a place, (programme or none, region or none), all checks of a use; without, those of goods."""
        day, category = event["time"][:10], self.items[item]["category"]
        for limits in self.restrictions_of([lot]):
            limits = self.restrictions[limits][1]
            if place is not None:
                programme, region = place
                need("programmes" not in limits or programme in limits["programmes"], 408, "not for this programme")
                need("regions" not in limits or self.lies_in(region, limits["regions"]), 409, "not for this region")
            need("categories" not in limits or category in limits["categories"], 410, "not for this category")
            need("items" not in limits or item in limits["items"], 411, "not for this item")
            need(day <= limits.get("use_by", day), 412, "the gift's last day is over")

    def named_recipient(self, body):
        recipient = self.recipients.get(body["recipient"])
        need(recipient and not recipient["reversed"], 301, "no such recipient")
        return recipient

    def check_texts(self, event):
        for text in public_texts(event):
            need(not holds_personal_data(text), 124, "a text holds a personal identifier")

    def check_members(self, event):
        """What the policies require (rule 125)."""
        kind, body = event["kind"], event["body"]
        asked = []
        if kind == "recipient.enrolled":
            some, household = private(body["type"]), body["type"] == "household"
            asked = [("commitment", some), ("size", household), ("uniqueness", some)]
        elif kind == "assignment.made":
            asked = [("lock", private(self.recipients[body["recipient"]]["type"]))]
        elif kind == "delivery.made":
            asked = [("evidence", True)]
        elif kind in ("donation.received", "purchase.made", "expense.paid"):
            asked = [("reference", True)]
        for member, concerned in asked:
            required = any(member in policy.get("requires", ()) for policy in self.in_force(event))
            need(not (concerned and required) or member in body, 125, f"the policy requires {member}")

    def check_approvals(self, event):
        needed, subject, makers = self.needed_approvals(event)
        given = [k for k in self.approvals.get(subject, ()) if k not in makers and not self.keys[k]["revoked"]]
        need(len(given) >= needed, 608, f"{len(given)} approvals, {needed} are needed")

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
        days_back = min((p["days_back"] for p in self.in_force(event) if "days_back" in p), default=None)
        need(days_back is None or days_between(event["time"], recorded) <= days_back, 123, f"more than {days_back} days back")
        if "reference" in body:
            need((event["organization"], body["reference"]) not in self.references, 122, "the reference is used")
        self.check_texts(event)
        need(kind != "ledger.opened", 111, "the ledger is open already")
        getattr(self, "check_" + kind.replace(".", "_"))(event, body, key)
        self.check_members(event)
        self.check_approvals(event)

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
        self.check_texts(event)

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
        need(body["key"] not in self.recipient_keys, 208, "the key is a recipient's own")
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

    def open_programme(self, event, code):
        programme = self.programmes.get(code)
        need(programme, 218, "no such programme")
        need(not programme["closed"], 220, "the programme is closed")
        need(self.takes_part(event["organization"], programme), 222, "the organization takes no part in the programme")
        return programme

    def check_recipient_enrolled(self, event, body, key):
        need("name" not in body or body["type"] in ("community", "facility"), 302, f"a {body['type']} is not named")
        programme = self.open_programme(event, body["programme"])
        need(body["region"] in self.regions, 216, "no such region")
        need(body["recipient"] not in self.recipients, 300, "the token is taken")
        if programme["recipient_types"] is not None:
            need(body["type"] in programme["recipient_types"], 303, f"the programme does not help a {body['type']}")
        if programme["regions"] is not None:
            need(self.lies_in(body["region"], programme["regions"]), 304, "the region is not the programme's")
        if "uniqueness" in body:
            need((body["programme"], body["uniqueness"]) not in self.tags, 305, "the tag stands already")
        if "key" in body:
            need(admitted(bytes.fromhex(body["key"])), 202, "the key is not admitted")
            fresh = body["key"] not in self.recipient_keys and body["key"] not in self.keys
            need(fresh and bytes.fromhex(body["key"]) != self.opening["log_key"], 311, "the key is taken")

    def check_recipient_withdrawn(self, event, body, key):
        recipient = self.named_recipient(body)
        owner = self.programmes[recipient["programme"]]["organization"]
        need(event["organization"] in (recipient["organization"], owner), 308, "the recipient is another organization's")
        need(not recipient["withdrawn"], 307, "the recipient is withdrawn")

    def check_need_recorded(self, event, body, key):
        recipient = self.named_recipient(body)
        self.open_programme(event, recipient["programme"])
        need(not recipient["withdrawn"], 307, "the recipient is withdrawn")
        self.check_lines(body["lines"])

    def check_donation_pledged(self, event, body, key):
        donor = body["donor"]
        need("name" not in donor or donor["type"] in ("organization", "government"), 400, "this donor is not named")
        self.check_lines(body["lines"])

    def check_donation_received(self, event, body, key):
        donor = body["donor"]
        need("name" not in donor or donor["type"] in ("organization", "government"), 400, "this donor is not named")
        self.check_lines(body["lots"])
        if "pledge" in body:
            pledge = self.pledges.get(body["pledge"])
            mine = pledge and not pledge["reversed"] and pledge["organization"] == event["organization"]
            need(mine, 413, f"no pledge {body['pledge']} to {event['organization']}")
        need(body.get("receipt") not in self.locks, 509, "the receipt's code is used")
        limits = body.get("restrictions", {})
        tables = (("categories", self.categories, 402), ("items", self.items, 401))
        for name, table, rule in tables + (("programmes", self.programmes, 218), ("regions", self.regions, 216)):
            for element in limits.get(name, ()):
                need(element in table, rule, f"restrictions name {element}, which is not in {name}")

    def check_donation_returned(self, event, body, key):
        donation = self.events.get(body["donation"])
        mine = donation and not donation["reversed"] and donation["organization"] == event["organization"]
        need(mine and donation["kind"] == "donation.received", 414, f"no donation {body['donation']}")

        def of_donation(lot, draw):
            need(draw["lot"][:64] == body["donation"], 415, f"the lot {draw['lot']} is not of that donation")

        self.check_draws(event, of_donation)

    def check_purchase_made(self, event, body, key):
        self.check_draws(event, lambda lot, draw: self.check_money(event, lot))
        drawn = [self.lots[draw["lot"]] for draw in body["draws"]]
        for line in body["lots"]:
            item = self.items.get(line["item"])
            need(item, 401, f"no item {line['item']}")
            need(item["type"] != "money", 417, f"{line['item']} is money")
            self.check_quantity(line["quantity"], line["item"])
            self.check_quantity(line["cost"], drawn[0]["item"])
            for lot in drawn:
                self.check_use(lot, line["item"], event)
        cost, paid = (sum(units(x[name]) for x in body[of]) for of, name in (("lots", "cost"), ("draws", "quantity")))
        need(cost == paid, 418, f"the lines cost {cost}, drawn are {paid}")

    def check_transfer_sent(self, event, body, key):
        need(body["to"] in self.organizations, 204, "no such organization")
        need(body["to"] != event["organization"], 420, "it is sent to its sender")
        self.check_draws(event)

    def check_transfer_accepted(self, event, body, key):
        transfer = self.transfers.get(body["transfer"])
        need(transfer and not transfer["reversed"], 421, "no such transfer")
        need(transfer["to"] == event["organization"], 422, f"it was sent to {transfer['to']}")
        need(transfer["acceptance"] is None, 423, "it was accepted")
        for draw in body.get("draws", ()):
            need(draw["lot"] in transfer["draws"], 424, f"the lot {draw['lot']} was not sent")
            self.check_quantity(draw["quantity"], self.item_of(draw))
            need(units(draw["quantity"]) <= transfer["draws"][draw["lot"]], 425, "more than was sent")

    def check_expense_paid(self, event, body, key):
        programme, region = body.get("programme"), body.get("region")
        if programme is not None:
            need(programme in self.programmes, 218, "no such programme")
            part = self.takes_part(event["organization"], self.programmes[programme])
            need(part, 222, "the organization takes no part in the programme")
        need(region is None or region in self.regions, 216, "no such region")

        def payable(lot, draw):
            self.check_money(event, lot)
            self.check_use(lot, lot["item"], event, (programme, region))

        self.check_draws(event, payable)

    def check_loss_recorded(self, event, body, key):
        self.check_draws(event)

    def check_stock_counted(self, event, body, key):
        counted = set()
        for line in body["counts"]:
            item = self.items.get(line["item"])
            need(item, 401, f"no item {line['item']}")
            need(decimals_of(line["quantity"]) == item["decimals"], 403, f"{line['quantity']} has other decimals")
            need(line["item"] not in counted, 426, f"{line['item']} is counted twice")
            counted.add(line["item"])

    def check_assignment_made(self, event, body, key):
        programme = self.open_programme(event, body["programme"])
        recipient = self.named_recipient(body)
        need(recipient["programme"] == body["programme"], 306, f"the recipient is in {recipient['programme']}")
        need(not recipient["withdrawn"], 307, "the recipient is withdrawn")
        day = event["time"][:10]
        need(programme["from"] is None or day >= programme["from"], 221, "the programme has not begun")
        need(programme["until"] is None or day <= programme["until"], 221, "the programme has ended")
        if "need" in body:
            lack = self.needs.get(body["need"])
            need(lack and not lack["reversed"], 309, "no such need")
            need(lack["recipient"] == body["recipient"], 310, "the need is another recipient's")
        need(body.get("lock") not in self.locks, 509, "the lock is used")
        place = (recipient["programme"], recipient["region"])
        self.check_draws(event, lambda lot, draw: self.check_use(lot, lot["item"], event, place))
        if self.separated(event, "enrol-assign"):
            need(event["signer"] != recipient["signer"], 517, "the signer enrolled the recipient")

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
            self.check_quantity(draw["quantity"], self.item_of(draw))
            need(units(draw["quantity"]) <= assigned["quantity"] - assigned["delivered"], 505, "more than was assigned")
        if "code" in body:
            need(assignment["lock"] is not None, 506, "the assignment has no lock")
            need(digest(body["code"].encode("ascii")) == assignment["lock"], 507, "the code is not that of the lock")
            need(not assignment["code_used"], 508, "the code was shown before")
        if self.separated(event, "enrol-deliver"):
            enrolled = self.recipients[assignment["recipient"]]["signer"]
            need(event["signer"] != enrolled, 517, "the signer enrolled the recipient")
        if self.separated(event, "assign-deliver"):
            need(event["signer"] != assignment["signer"], 517, "the signer assigned")

    def check_delivery_failed(self, event, body, key):
        need(rests(self.live_assignment(event, body)), 503, "all of it is delivered")

    def named_delivery(self, body):
        delivery = self.events.get(body["delivery"])
        need(delivery and delivery["kind"] == "delivery.made" and not delivery["reversed"], 510, "no such delivery")
        return delivery

    def check_delivery_confirmed(self, event, body, key):
        need(event["signer"] != self.named_delivery(body)["signer"], 511, "the signer made the delivery")
        need(event["signer"] not in self.confirmations.get(body["delivery"], ()), 512, "the key confirmed it already")

    def check_delivery_disputed(self, event, body, key):
        delivery = self.named_delivery(body)
        if "signature" in body:
            own = self.recipients[delivery["recipient"]]["key"]
            need(own, 513, "the recipient has no key")
            message = DISPUTE_DOMAIN + body["delivery"].encode("ascii")
            holds = strict(bytes.fromhex(own), bytes.fromhex(body["signature"]), message)
            need(holds, 514, "the signature is not by the recipient's key")

    def check_dispute_answered(self, event, body, key):
        subject = self.events.get(body["event"])
        need(subject and ("flag" in body or subject["kind"] == "delivery.disputed"), 515, "no such dispute or event")
        if "flag" not in body:
            subject = self.events[subject["body"]["delivery"]]
        need(subject["organization"] == event["organization"], 516, f"{subject['organization']} answers for it")

    def check_policy_changed(self, event, body, key):
        scope = body.get("organization")
        if scope is None:
            need("registrar" in key["roles"], 223, "the ledger's policy is a registrar's")
        else:
            need(scope == event["organization"] and "admin" in key["roles"], 223, "the policy is that organization's admin's")
        need(body["rules"] == 1, 201, f"rules {body['rules']}, should be 1")
        for band in body.get("approvals", ()):
            item = self.items.get(band["item"])
            need(item, 401, f"no item {band['item']}")
            need(decimals_of(band["from"]) == item["decimals"], 403, f"{band['from']} has other decimals")
            need(1 <= band["approvals"] <= 16, 224, "a band asks for 1 to 16 approvals")
        need(body.get("overhead_permille", 0) <= 1000, 224, "a share is at most 1,000 thousandths")
        need(body.get("reversal_approvals", 0) <= 16, 224, "a reversal needs at most 16 approvals")

    def approved_subject(self, event, body):
        return ("assignment", body["assignment"]) if "assignment" in body else ("draft", event["organization"], body["draft"])

    def check_approval_given(self, event, body, key):
        need(len(body) == 1, 605, "it names an assignment and a draft")
        if "assignment" in body:
            assignment = self.assignments.get(body["assignment"])
            need(assignment and not assignment["reversed"], 500, "no such assignment")
            need(assignment["organization"] == event["organization"], 501, f"{assignment['organization']} made it")
            need(assignment["signer"] != event["signer"], 606, "the signer made it")
        need(event["signer"] not in self.approvals.get(self.approved_subject(event, body), ()), 607, "approved already")

    def check_audit_attested(self, event, body, key):
        need(body.get("programme") is None or body["programme"] in self.programmes, 218, "no such programme")
        need(1 <= body["size"] <= len(self.events), 609, f"the log has {len(self.events)} entries")
        if "sample" in body:
            sample = body["sample"]
            need(sample["failed"] <= sample["drawn"] <= sample["population"], 610, "the sample's figures do not fit")
            need(max(sample["confidence_permille"], sample["tolerable_permille"]) < 1000, 610, "a share is not below 1,000")

    def check_volunteer_joined(self, event, body, key):
        need(body["volunteer"] not in self.volunteers, 700, "the token is taken")
        if "key" in body:
            own = self.keys.get(body["key"])
            usable = own and own["organization"] == event["organization"] and not own["revoked"]
            need(usable and body["key"] not in self.volunteer_keys, 702, "the key is not a free one of the organization")

    def named_volunteer(self, event, body):
        volunteer = self.volunteers.get(body["volunteer"])
        need(volunteer and volunteer["organization"] == event["organization"], 701, "no such volunteer")
        need(volunteer["key"] != event["signer"], 705, "the signer is the volunteer")
        return volunteer

    def check_service_recorded(self, event, body, key):
        self.named_volunteer(event, body)
        need(body.get("programme") is None or body["programme"] in self.programmes, 218, "no such programme")
        need(1 <= body["minutes"] <= 1440, 703, f"{body['minutes']} minutes")
        need(body["day"] <= event["time"][:10], 704, f"{body['day']} is yet to come")

    def check_recognition_awarded(self, event, body, key):
        volunteer = self.named_volunteer(event, body)
        member, asked = AWARDS[body["award"]]
        need(volunteer[member] >= asked, 706, f"{volunteer[member]} {member}, {asked} are asked for")
        need(body["award"] not in volunteer["awards"], 707, "the award stands")

    def check_event_reversed(self, event, body, key):
        subject = self.events.get(body["event"])
        need(subject, 600, "no such event")
        kind = subject["kind"]
        kept = getattr(self, "kept_" + kind.replace(".", "_"), None)
        need(kept, 601, f"a {kind} is not reversed")
        need(subject["organization"] == event["organization"], 602, f"{subject['organization']} appended it")
        need(key["roles"] & ROLES[kind], 120, f"no role of the key may append {kind}")
        need(not subject["reversed"], 603, "it is reversed already")
        need(not kept(body["event"], subject), 604, "something depends on it")

    # -- what keeps a subject from being reversed (11.9); kinds that have no such function are not reversed

    def kept_by_nothing(self, subject_id, subject):
        return False

    kept_recipient_withdrawn = kept_donation_returned = kept_expense_paid = kept_loss_recorded = kept_by_nothing
    kept_stock_counted = kept_delivery_failed = kept_delivery_confirmed = kept_by_nothing
    kept_service_recorded = kept_recognition_awarded = kept_by_nothing

    def kept_recipient_enrolled(self, subject_id, subject):
        recipient = self.recipients[subject["body"]["recipient"]]
        held = any(self.holds(self.assignments[a]) for a in recipient["assignments"])
        return held or recipient["needs"] or recipient["withdrawn"]

    def kept_need_recorded(self, subject_id, subject):
        named = any(a["need"] == subject_id and not a["reversed"] for a in self.assignments.values())
        return named or any(line["served"] for line in self.needs[subject_id]["lines"])

    def kept_donation_pledged(self, subject_id, subject):
        return self.pledges[subject_id]["donations"]

    def kept_by_lots(self, subject_id, subject):
        return any(self.lots[lot]["on_hand"] < self.lots[lot]["quantity"] for lot in subject["lots"])

    kept_donation_received = kept_purchase_made = kept_transfer_accepted = kept_by_lots

    def kept_transfer_sent(self, subject_id, subject):
        return self.transfers[subject_id]["acceptance"]

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
        _, subject, _ = self.needed_approvals(event) if self.opening else (0, None, None)
        lots_before = len(self.lots)
        made = getattr(self, "apply_" + kind.replace(".", "_"), lambda *_: None)
        postings, recipient = made(event, body, own_id, index) or ([], None)
        for lot, amount, source, target in postings:
            self.lots[lot][source] -= amount
            self.lots[lot][target] += amount
        for lot in {lot for lot, _, _, _ in postings}:
            self.check_invariants(self.lots[lot])
        if subject and subject[0] == "draft":
            self.approvals.pop(subject, None)
        if "reference" in body:
            self.references.add((event["organization"], body["reference"]))
        self.events[own_id] = {
            "kind": kind,
            "organization": event["organization"],
            "signer": event["signer"],
            "body": body,
            "index": index,
            "reversed": False,
            "postings": postings,
            "recipient": recipient,
            "lots": [f"{own_id}.{n}" for n in range(len(self.lots) - lots_before)],
        }
        key = self.keys[event["signer"]]
        key["sequence"] += 1
        key["previous"] = own_id
        return postings, recipient

    def check_invariants(self, lot):
        """What 10.3 promises at every prefix: if it did not hold, the document would contradict itself."""
        inside = [lot[account] for account in INSIDE]
        assert min(inside) >= 0 and sum(inside) + sum(lot[account] for account in OUTSIDE) == 0, lot
        assert sum(inside) == (0 if lot["reversed"] else lot["quantity"]), lot

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
            "signer": event["signer"],
            "key": body.get("key"),
            "enrolled": index,
            "withdrawn": False,
            "reversed": False,
            "assignments": [],
            "needs": [],
            "disputes": 0,
            "deliveries": 0,
            "last_delivery": None,
            "received": {},
        }
        if "uniqueness" in body:
            self.tags.add((body["programme"], body["uniqueness"]))
        if "key" in body:
            self.recipient_keys.add(body["key"])
        return [], body["recipient"]

    def apply_recipient_withdrawn(self, event, body, own_id, index):
        self.recipients[body["recipient"]]["withdrawn"] = True
        return [], body["recipient"]

    def apply_need_recorded(self, event, body, own_id, index):
        lines = [{"item": x["item"], "quantity": units(x["quantity"]), "served": 0} for x in body["lines"]]
        row = {"recipient": body["recipient"], "lines": lines, "due": body.get("due"), "entry": index, "reversed": False}
        self.needs[own_id] = row
        self.recipients[body["recipient"]]["needs"].append(own_id)
        return [], body["recipient"]

    def apply_donation_pledged(self, event, body, own_id, index):
        lines = [{"item": x["item"], "quantity": units(x["quantity"]), "received": 0} for x in body["lines"]]
        row = {"organization": event["organization"], "lines": lines, "due": body.get("due"), "entry": index}
        self.pledges[own_id] = row | {"donations": 0, "reversed": False}

    def keep_pledge(self, body, sign):
        if "pledge" in body:
            pledge = self.pledges[body["pledge"]]
            pledge["donations"] += sign
            for lot in body["lots"]:
                line = next((line for line in pledge["lines"] if line["item"] == lot["item"]), None)
                if line:
                    line["received"] += sign * units(lot["quantity"])

    def add_lots(self, event, own_id, index, lines, limits, source):
        """Makes lots of (item, quantity), and answers the postings that fill them."""
        postings = []
        for n, (item, amount) in enumerate(lines):
            row = {"item": item, "organization": event["organization"], "restrictions": limits[n], "quantity": amount}
            self.lots[f"{own_id}.{n}"] = row | dict.fromkeys(OUTSIDE + INSIDE, 0) | {"reversed": False, "entry": index}
            postings.append((f"{own_id}.{n}", amount, source, "on_hand"))
        return postings

    def apply_donation_received(self, event, body, own_id, index):
        limits = []
        if "restrictions" in body:
            name = canonical(body["restrictions"])
            self.restrictions.setdefault(name, (len(self.restrictions), body["restrictions"]))
            limits = [name]
        if "receipt" in body:
            self.locks.add(body["receipt"])
        self.keep_pledge(body, 1)
        lines = [(line["item"], units(line["quantity"])) for line in body["lots"]]
        return self.add_lots(event, own_id, index, lines, [limits] * len(lines), "donor"), None

    def drawn(self, body, target):
        return [(draw["lot"], units(draw["quantity"]), "on_hand", target) for draw in body["draws"]]

    def apply_donation_returned(self, event, body, own_id, index):
        return self.drawn(body, "returned"), None

    def apply_expense_paid(self, event, body, own_id, index):
        return self.drawn(body, "spent"), None

    def apply_loss_recorded(self, event, body, own_id, index):
        return self.drawn(body, "lost"), None

    def apply_purchase_made(self, event, body, own_id, index):
        limits = self.restrictions_of([self.lots[draw["lot"]] for draw in body["draws"]])
        lines = [(line["item"], units(line["quantity"])) for line in body["lots"]]
        new = self.add_lots(event, own_id, index, lines, [limits] * len(lines), "supplier")
        return self.drawn(body, "spent") + new, None

    def apply_transfer_sent(self, event, body, own_id, index):
        sent = {draw["lot"]: units(draw["quantity"]) for draw in body["draws"]}
        self.transfers[own_id] = {"to": body["to"], "draws": sent, "acceptance": None, "reversed": False}
        return self.drawn(body, "in_transit"), None

    def apply_transfer_accepted(self, event, body, own_id, index):
        transfer = self.transfers[body["transfer"]]
        transfer["acceptance"] = own_id
        arrived = {draw["lot"]: units(draw["quantity"]) for draw in body.get("draws", ())}
        postings = []
        for lot, sent in transfer["draws"].items():
            came = arrived.get(lot, 0)
            postings += [(lot, came, "in_transit", "transferred_out")] if came else []
            postings += [(lot, sent - came, "in_transit", "lost")] if sent > came else []
        lines = [(self.lots[lot]["item"], amount) for lot, amount in arrived.items()]
        limits = [self.lots[lot]["restrictions"] for lot in arrived]
        return postings + self.add_lots(event, own_id, index, lines, limits, "transferred_in"), None

    def apply_assignment_made(self, event, body, own_id, index):
        self.assignments[own_id] = {
            "organization": event["organization"],
            "signer": event["signer"],
            "recipient": body["recipient"],
            "need": body.get("need"),
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
        served = self.served_by(assignment, body)
        volunteer = self.volunteer_keys.get(event["signer"])
        self.deliveries[own_id] = {"served": served, "volunteer": volunteer, "code": "code" in body}
        self.deliver(own_id, assignment, recipient, postings, 1)
        recipient["last_delivery"] = max(recipient["last_delivery"] or "", event["time"][:10])
        assignment["code_used"] |= "code" in body
        return postings, assignment["recipient"]

    def deliver(self, own_id, assignment, recipient, postings, sign):
        recipient["deliveries"] += sign
        delivery = self.deliveries[own_id]
        for lack, n, amount in delivery["served"]:
            self.needs[lack]["lines"][n]["served"] += sign * amount
        if delivery["volunteer"]:
            self.volunteers[delivery["volunteer"]]["deliveries"] += sign
        for lot, amount, _, _ in postings:
            assignment["draws"][lot]["delivered"] += sign * amount
            item = self.lots[lot]["item"]
            recipient["received"][item] = recipient["received"].get(item, 0) + sign * amount

    def apply_delivery_failed(self, event, body, own_id, index):
        return [], self.assignments[body["assignment"]]["recipient"]

    def apply_delivery_confirmed(self, event, body, own_id, index):
        self.confirmations.setdefault(body["delivery"], set()).add(event["signer"])
        return [], self.events[body["delivery"]]["recipient"]

    def apply_delivery_disputed(self, event, body, own_id, index):
        recipient = self.events[body["delivery"]]["recipient"]
        self.recipients[recipient]["disputes"] += 1
        return [], recipient

    def apply_dispute_answered(self, event, body, own_id, index):
        return [], None if "flag" in body else self.events[body["event"]]["recipient"]

    def apply_policy_changed(self, event, body, own_id, index):
        self.policies[body.get("organization")] = body

    def apply_approval_given(self, event, body, own_id, index):
        self.approvals.setdefault(self.approved_subject(event, body), set()).add(event["signer"])
        return [], self.assignments[body["assignment"]]["recipient"] if "assignment" in body else None

    def apply_volunteer_joined(self, event, body, own_id, index):
        row = {"organization": event["organization"], "key": body.get("key"), "entry": index}
        self.volunteers[body["volunteer"]] = row | {"minutes": 0, "deliveries": 0, "awards": set()}
        if "key" in body:
            self.volunteer_keys[body["key"]] = body["volunteer"]

    def apply_service_recorded(self, event, body, own_id, index):
        self.volunteers[body["volunteer"]]["minutes"] += body["minutes"]

    def apply_recognition_awarded(self, event, body, own_id, index):
        self.volunteers[body["volunteer"]]["awards"].add(body["award"])

    def apply_event_reversed(self, event, body, own_id, index):
        subject = self.events[body["event"]]
        subject["reversed"] = True
        kind, said = subject["kind"], subject["body"]
        if "reference" in said:
            self.references.discard((subject["organization"], said["reference"]))
        for lot in subject["lots"]:
            self.lots[lot]["reversed"] = True
        if kind == "recipient.enrolled":
            self.recipients[said["recipient"]]["reversed"] = True
            if "uniqueness" in said:
                self.tags.discard((said["programme"], said["uniqueness"]))
        elif kind == "recipient.withdrawn":
            self.recipients[said["recipient"]]["withdrawn"] = False
        elif kind == "need.recorded":
            self.needs[body["event"]]["reversed"] = True
            self.recipients[said["recipient"]]["needs"].remove(body["event"])
        elif kind == "donation.pledged":
            self.pledges[body["event"]]["reversed"] = True
        elif kind == "donation.received":
            self.keep_pledge(said, -1)
        elif kind == "transfer.sent":
            self.transfers[body["event"]]["reversed"] = True
        elif kind == "transfer.accepted":
            self.transfers[said["transfer"]]["acceptance"] = None
        elif kind == "assignment.made":
            self.assignments[body["event"]]["reversed"] = True
        elif kind == "assignment.cancelled":
            self.assignments[said["assignment"]]["cancelled"] = False
        elif kind == "delivery.made":
            assignment = self.assignments[said["assignment"]]
            recipient = self.recipients[assignment["recipient"]]
            self.deliver(body["event"], assignment, recipient, subject["postings"], -1)
        elif kind == "delivery.confirmed":
            self.confirmations[said["delivery"]].discard(subject["signer"])
        elif kind == "service.recorded":
            self.volunteers[said["volunteer"]]["minutes"] -= said["minutes"]
        elif kind == "recognition.awarded":
            self.volunteers[said["volunteer"]]["awards"].discard(said["award"])
        return [(lot, amount, target, source) for lot, amount, source, target in subject["postings"]], subject["recipient"]


def draft_of(event):
    """The subject that approvals of an event's own body have (3, 11.8)."""
    return "draft", event["organization"], digest(f"{event['kind']}\n{canonical(event['body'])}".encode("utf-8"))


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
                if account in ("assigned", "delivered"):
                    row = self.state.recipients[recipient]
                    place = f"{row['programme']}/{row['region']}"
                else:
                    place = "-/-"
                row = self.balances.setdefault(f"{lot['item']}/{lot['organization']}/{place}", new_row(lot["item"], BALANCES))
                member, change = (COUNTED[account], -change) if account in COUNTED else (account, change)
                row[member] += change
            row = self.days.setdefault(f"{day}/{lot['item']}", new_row(lot["item"], DAYS))
            if {source, target} == {"on_hand", "assigned"}:
                row["assigned"] += amount if target == "assigned" else -amount
            else:
                for account, change in ((source, -amount), (target, amount)):
                    member, change = (COUNTED[account], -change) if account in COUNTED else (account, change)
                    if member in DAYS and member != "assigned":
                        row[member] += change

    def names_of(self, event, postings, recipient):
        kind, body = event["kind"], event["body"]
        names = {f"kind/{kind}", f"organization/{event['organization']}"}
        if kind == "event.reversed":
            # Wherever its subject stands, but for the subject's kind.
            said = self.state.events[body["event"]]
            kind, body = said["kind"], said["body"]
        if kind.startswith("organization.") or kind == "key.granted":
            names.add(f"organization/{body['organization']}")
        if kind == "key.revoked":
            names.add(f"organization/{self.state.keys[body['key']]['organization']}")
        for thing in ("programme", "region", "item"):
            if kind.startswith(thing + "."):
                names.add(f"{thing}/{body[thing]}")
        if kind == "transfer.sent":
            names.add(f"organization/{body['to']}")
        if kind in ("delivery.confirmed", "delivery.disputed"):
            names.add(f"organization/{self.state.events[body['delivery']]['organization']}")
        if kind in ("need.recorded", "donation.pledged", "stock.counted"):
            names |= {f"item/{line['item']}" for line in body.get("lines") or body["counts"]}
        if kind in ("expense.paid", "service.recorded", "audit.attested"):
            names |= {f"{thing}/{body[thing]}" for thing in ("programme", "region") if thing in body}
        if kind in ("volunteer.joined", "service.recorded", "recognition.awarded"):
            names.add(f"volunteer/{body['volunteer']}")
        for lot_id, _, _, _ in postings:
            lot = self.state.lots[lot_id]
            names |= {f"lot/{lot_id}", f"item/{lot['item']}", f"organization/{lot['organization']}"}
        if recipient is not None:
            row = self.state.recipients[recipient]
            names |= {f"recipient/{recipient}", f"programme/{row['programme']}", f"region/{row['region']}"}
        return names

    def rows(self):
        self.of_assignment = {}
        for own_id in self.state.deliveries:
            delivery = self.state.events[own_id]
            if not delivery["reversed"]:
                self.of_assignment.setdefault(delivery["body"]["assignment"], []).append(own_id)
        return {
            "balances": {key: self.amounts(row) for key, row in self.balances.items()},
            "days": {key: self.amounts(row) for key, row in self.days.items()},
            "listings": self.listing_rows(),
            "lots": {key: self.lot_row(row) for key, row in self.state.lots.items()},
            "needs": self.needs_rows(),
            "pledges": {key: self.pledge_row(row) for key, row in self.state.pledges.items()},
            "recipients": {key: self.recipient_row(row) for key, row in self.state.recipients.items()},
            "registry": self.registry_rows(),
            "volunteers": {key: self.volunteer_row(row) for key, row in self.state.volunteers.items()},
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
        for name in ("in_transit", "lost", "returned", "spent", "transferred_out"):
            if lot[name]:
                row[name.removesuffix("_out")] = balance(lot[name], self.state.items[lot["item"]]["decimals"])
        return row | ({"reversed": True} if lot["reversed"] else {})

    def amount(self, item, minor):
        return balance(minor, self.state.items[item]["decimals"])

    def needs_rows(self):
        rows, coverage = {}, {}
        for own_id, lack in self.state.needs.items():
            recipient = self.state.recipients[lack["recipient"]]
            row = {"entry": lack["entry"], "recipient": lack["recipient"], "lines": []}
            row |= {name: recipient[name] for name in ("programme", "region")}
            for line in lack["lines"]:
                item = line["item"]
                amounts = {"needed": self.amount(item, line["quantity"]), "served": self.amount(item, line["served"])}
                row["lines"].append({"item": item} | amounts)
                name = f"coverage/{item}/{recipient['programme']}/{recipient['region']}"
                sums = coverage.setdefault(name, {"item": item, "needed": 0, "needs": 0, "open": 0, "served": 0})
                if not lack["reversed"]:
                    sums["needed"] += line["quantity"]
                    sums["needs"] += 1
                    sums["open"] += line["served"] < line["quantity"]
                    sums["served"] += line["served"]
            rows[f"need/{own_id}"] = row | shown(due=lack["due"], reversed=lack["reversed"])
        for name, sums in coverage.items():
            item = sums.pop("item")
            rows[name] = sums | {member: self.amount(item, sums[member]) for member in ("needed", "served")}
        return rows

    def pledge_row(self, pledge):
        row = {name: pledge[name] for name in ("donations", "entry", "organization")}
        row["lines"] = [
            {
                "item": line["item"],
                "pledged": self.amount(line["item"], line["quantity"]),
                "received": self.amount(line["item"], line["received"]),
            }
            for line in pledge["lines"]
        ]
        return row | shown(due=pledge["due"], reversed=pledge["reversed"])

    def volunteer_row(self, volunteer):
        row = {name: volunteer[name] for name in ("deliveries", "entry", "minutes", "organization")}
        return row | shown(awards=sorted(volunteer["awards"]))

    def recipient_row(self, recipient):
        row = {name: recipient[name] for name in ("deliveries", "enrolled", "organization", "programme", "region", "type")}
        received = [
            {"item": item, "quantity": balance(amount, self.state.items[item]["decimals"])}
            for item, amount in sorted(recipient["received"].items())
            if amount
        ]
        row |= shown(last_delivery=recipient["last_delivery"], received=received, disputes=recipient["disputes"])
        acknowledged = witnessed = 0
        for assignment in recipient["assignments"]:
            for own_id in self.of_assignment.get(assignment, ()):
                acknowledged += self.state.deliveries[own_id]["code"]
                witnessed += bool(self.state.confirmations.get(own_id))
        row |= shown(acknowledged=acknowledged, witnessed=witnessed)
        return row | shown(withdrawn=recipient["withdrawn"], reversed=recipient["reversed"])

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


COUNTED = {"donor": "donated", "supplier": "purchased", "transferred_in": "transferred_in"}
BALANCES = (*COUNTED.values(), *INSIDE)
DAYS = ("assigned", "delivered", "donated", "lost", "purchased", "returned", "spent")


def new_row(item, members):
    return {"item": item} | dict.fromkeys(members, 0)


def shown(**members):
    """Optional members of a row: those that say something."""
    return {name: value for name, value in members.items() if value}


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
