#!/usr/bin/env python3
"""Two verifiers, one document: verify.py and the program agree on a ledger, and verify.py refuses that ledger damaged.

    verify_test.py AIDLEDGER_BINARY LEDGER_DIR

The ledger is copied and never written to. Where damage is done is a function of the ledger's bytes alone, so a failure repeats.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile

import verify

VERIFY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "verify.py")
FLIPS = 60
failures = []


def check(holds, words):
    if not holds:
        failures.append(words)
        print(f"FAIL  {words}")


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def run_verify(*arguments):
    return run(sys.executable, VERIFY, *arguments)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def flip(data, place):
    """One bit turned; which one goes round with the place."""
    return data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]


def spread(count, length):
    """`count` places over `length` bytes, the first and the last among them."""
    return sorted({i * (length - 1) // max(1, count - 1) for i in range(min(count, length))})


def trusted_part(note):
    """A note up to the end of the log's signature line: what follows are lines of keys that nobody here knows."""
    origin = note.split(b"\n", 1)[0]
    start = note.index(b"\n\n\xe2\x80\x94 " + origin + b" ")
    return note.index(b"\n", start + 2) + 1


class Ledger:
    """The truth of a ledger folder: the lines of its log, cut at the checkpoint, and the checkpoint."""

    def __init__(self, folder):
        log = os.path.join(folder, "log")
        self.segments = sorted(name for name in os.listdir(log) if name.endswith(".jsonl"))
        self.checkpoint = read(os.path.join(folder, "checkpoint"))
        # What stands after the checkpoint's size is committed to by nobody, so damage there need not show.
        size = verify.Checkpoint(self.checkpoint).size
        data = b"".join(read(os.path.join(log, name)) for name in self.segments)
        self.lines = [line + b"\n" for line in data.split(b"\n")[:-1]][:size]

    def write(self, folder, lines=None, checkpoint=None):
        shutil.rmtree(folder, ignore_errors=True)
        lines = self.lines if lines is None else lines
        for n in range(0, max(1, len(lines)), verify.SEGMENT_ENTRIES):
            name = f"{n // verify.SEGMENT_ENTRIES:08}.jsonl"
            write(os.path.join(folder, "log", name), b"".join(lines[n : n + verify.SEGMENT_ENTRIES]))
        write(os.path.join(folder, "checkpoint"), self.checkpoint if checkpoint is None else checkpoint)
        return folder


def same_answers(binary, folder):
    """verify.py and the program say the same of the whole ledger."""
    code, out, error = run(binary, "verify", "--json", "--ledger", folder)
    check(code == 0, f"the program does not verify the ledger: {out}{error}")
    theirs = json.loads(out)
    code, out, error = run_verify(folder, "--json", "--id", theirs["ledger"])
    check(code == 0, f"verify.py does not verify the ledger: {out}{error}")
    ours = json.loads(out)
    for name in ("ledger", "size", "root"):
        check(ours.get(name) == theirs[name], f"{name}: {ours.get(name)}, the program says {theirs[name]}")
    check(len(theirs["views"]) == 9, f"the program has {len(theirs['views'])} views, should have 9")
    for name, digest in theirs["views"].items():
        found = ours.get("views", {}).get(name)
        check(found == digest, f"view {name}: {found}, the program says {digest}")
    return theirs


def same_tiles(binary, folder, temp, theirs):
    """The exported tiles give the same ledger, and damage in any of them shows."""
    tiles = os.path.join(temp, "tiles")
    code, out, error = run(binary, "export", "tiles", tiles, "--ledger", folder)
    check(code == 0, f"the program exports no tiles: {out}{error}")
    answer = verify.verify(tiles, theirs["ledger"], "every")
    check(answer.get("views") == theirs["views"], f"exported tiles: {answer}")
    for path, _, names in sorted(os.walk(os.path.join(tiles, "tile"))):
        for name in names:
            file = os.path.join(path, name)
            data = read(file)
            write(file, flip(data, len(data) // 2))
            refused(tiles, f"a bit flipped in {os.path.relpath(file, tiles)}")
            os.remove(file)
            refused(tiles, f"without {os.path.relpath(file, tiles)}")
            write(file, data)


def same_proofs(binary, folder, temp, theirs):
    """Proofs that the program makes hold, for the first, a middle and the last entry, and damaged ones do not."""
    vkey = run(binary, "checkpoint", "--vkey", "--ledger", folder)[1].strip()
    policy = os.path.join(temp, "policy")
    write(policy, f"# whom we trust\nlog {vkey}\nquorum none\n".encode())
    for index in sorted({0, theirs["checkpoint_size"] // 2, theirs["checkpoint_size"] - 1}):
        proof = os.path.join(temp, f"entry-{index}.tlog-proof")
        code, out, error = run(binary, "prove", f"#{index}", "--bundle", "--output", proof, "--ledger", folder)
        check(code == 0, f"the program makes no proof of entry {index}: {out}{error}")
        for trust in (("--vkey", vkey), ("--policy", policy)):
            code, out, error = run_verify("--proof", proof, *trust, "--id", theirs["ledger"])
            check(code == 0, f"the proof of entry {index} with {trust[0]}: {out}{error}")
    code, _, _ = run_verify("--proof", proof, "--vkey", vkey, "--id", "0" * 64)
    check(code == 1, f"a proof of another ledger: exit {code}, should be 1")
    _, key = verify.read_vkey(vkey)
    other = f"other.example+{verify.key_id('other.example', 1, key).hex()}+{vkey.split('+', 2)[2]}"
    code, _, _ = run_verify("--proof", proof, "--vkey", other)
    check(code == 1, f"a proof of another log: exit {code}, should be 1")
    data = read(proof)
    logs = [verify.read_vkey(vkey)]
    start = data.index(b"\n\n") + 2
    for place in spread(FLIPS, start + trusted_part(data[start:])):
        try:
            verify.check_proof(flip(data, place), logs, None, theirs["ledger"])
        except verify.Wrong:
            continue
        check(False, f"the proof of entry {index} holds with byte {place} flipped")


def refused(folder, words):
    answer = verify.verify(folder, None, "every")
    check(answer["answer"] == "does not verify", f"{words}: {answer['answer']}, should not verify")
    return answer


def damage(ledger, temp):
    """Every way of damaging the truth is refused, and the first wrong entry is named."""
    folder = os.path.join(temp, "damaged")
    answer = verify.verify(ledger.write(folder), None, "every")
    check(answer["answer"] == "verifies", f"the copy without damage: {answer}")
    log, count = b"".join(ledger.lines), 0
    for place in spread(FLIPS * 3 // 4, len(log)):
        lines = flip(log, place).split(b"\n")
        lines = [line + b"\n" for line in lines[:-1]] + [lines[-1]]
        entry = log.count(b"\n", 0, place)
        answer = refused(ledger.write(folder, lines), f"byte {place} of the log flipped")
        # A turned bit shows in its own entry or, where only hashes see it, in the next or in the tree.
        check(answer.get("entry") in (None, entry, entry + 1), f"byte {place} is in entry {entry}, blamed is {answer.get('entry')}")
        count += 1
    for place in spread(FLIPS // 4, trusted_part(ledger.checkpoint)):
        refused(ledger.write(folder, checkpoint=flip(ledger.checkpoint, place)), f"byte {place} of the checkpoint flipped")
        count += 1
    size = len(ledger.lines)
    for n in spread(5, size):
        kept = ledger.lines
        refused(ledger.write(folder, kept[:n] + kept[n + 1 :]), f"entry {n} dropped")
        refused(ledger.write(folder, kept[: n + 1] + kept[n:]), f"entry {n} twice")
        refused(ledger.write(folder, kept[:n]), f"the log cut before entry {n}")
        refused(ledger.write(folder, kept[:n] + [kept[n][: len(kept[n]) // 2]]), f"the log cut within entry {n}")
        if n + 1 < size:
            swapped = kept[:n] + [kept[n + 1], kept[n]] + kept[n + 2 :]
            refused(ledger.write(folder, swapped), f"entries {n} and {n + 1} swapped")
        count += 5
    return count


def exits(ledger, temp, theirs):
    """The exit statuses of section 13, of the program itself."""
    folder = os.path.join(temp, "exits")
    code, out, _ = run_verify(ledger.write(folder, ledger.lines[:-1]))
    check(code == 1 and "does NOT verify" in out, f"a cut log: exit {code}, should be 1")
    ledger.write(folder)
    code, _, _ = run_verify(folder, "--id", "0" * 64)
    check(code == 1, f"another ledger's id: exit {code}, should be 1")
    code, _, _ = run_verify(folder, "--id", "no id")
    check(code == 2, f"an id that is none: exit {code}, should be 2")
    os.remove(os.path.join(folder, "checkpoint"))
    code, _, _ = run_verify(folder)
    check(code == 2, f"no checkpoint: exit {code}, should be 2")
    code, _, _ = run_verify(os.path.join(temp, "nowhere"))
    check(code == 2, f"no ledger: exit {code}, should be 2")


def main():
    if len(sys.argv) != 3:
        print("usage: verify_test.py AIDLEDGER_BINARY LEDGER_DIR", file=sys.stderr)
        return 2
    binary, source = os.path.abspath(sys.argv[1]), sys.argv[2]
    # The same signatures are judged in every damaged copy; judging each once is enough.
    verify.strict = functools.lru_cache(maxsize=None)(verify.strict)
    with tempfile.TemporaryDirectory() as temp:
        folder = os.path.join(temp, "ledger")
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("keys", "lock"))
        theirs = same_answers(binary, folder)
        ledger = Ledger(folder)
        same_proofs(binary, folder, temp, theirs)
        same_tiles(binary, folder, temp, theirs)
        count = damage(ledger, temp)
        exits(ledger, temp, theirs)
    if failures:
        print(f"{len(failures)} failures")
        return 1
    print(f"verify.py agrees on {theirs['size']} entries, 9 views, proofs and tiles, and refused {count} damaged ledgers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
