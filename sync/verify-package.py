#!/usr/bin/env python3
"""Verifies an xhp/1 package without any of Xianhe's code: for auditors, in ten years, on another machine.

    python3 verify-package.py PACKAGE.xhp --key sender.pem [--previous PRECEDING.xhp]

Needs Python 3.8 and, to count the acts, the `zstd` program (or Python 3.14). Signatures are checked here in plain arithmetic:
Ed25519 (RFC 8032, 5.1.7) and SM2 with SM3 (GB/T 32918.2-2016, 7.1; GB/T 32905-2016; signer 1234567812345678). The key file is
what `xianhe peer key` printed on the sender's box, with one key or with both. Exit status 0: verified, 1: not.
"""
import argparse, base64, hashlib, json, shutil, subprocess, sys, tarfile

# --- Ed25519, RFC 8032 -----------------------------------------------------------------------------------------------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if (x * x - x2) % P:
        return None
    return P - x if (x & 1) != sign else x


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(n, p):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, p)
        p, n = add(p, p), n >> 1
    return out


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y, 1, recover_x(BASE_Y, 0) * BASE_Y % P)


def ed25519(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- SM3, GB/T 32905-2016 --------------------------------------------------------------------------------------------
def rotate(x, n):
    n %= 32
    return (x << n | x >> (32 - n)) & 0xFFFFFFFF if n else x


def sm3(data):
    v = [int(word, 16) for word in "7380166f 4914b2b9 172442d7 da8a0600 a96f30bc 163138aa e38dee4d b0fb0e4e".split()]
    data = data + b"\x80" + bytes((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "big")
    for at in range(0, len(data), 64):
        w = [int.from_bytes(data[at + i : at + i + 4], "big") for i in range(0, 64, 4)]
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15)
            w.append(x ^ rotate(x, 15) ^ rotate(x, 23) ^ rotate(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = v
        for j in range(64):
            t = 0x79CC4519 if j < 16 else 0x7A879D8A
            ss1 = rotate(rotate(a, 12) + e + rotate(t, j) & 0xFFFFFFFF, 7)
            ss2 = ss1 ^ rotate(a, 12)
            ff = a ^ b ^ c if j < 16 else a & b | a & c | b & c
            gg = e ^ f ^ g if j < 16 else e & f | ~e & g
            tt1 = ff + d + ss2 + (w[j] ^ w[j + 4]) & 0xFFFFFFFF
            tt2 = gg + h + ss1 + w[j] & 0xFFFFFFFF
            a, b, c, d = tt1, a, rotate(b, 9), c
            e, f, g, h = tt2 ^ rotate(tt2, 9) ^ rotate(tt2, 17), e, rotate(f, 19), g
        v = [x ^ y for x, y in zip(v, (a, b, c, d, e, f, g, h))]
    return b"".join(x.to_bytes(4, "big") for x in v)


# --- SM2 on sm2p256v1, GB/T 32918.5-2017 -----------------------------------------------------------------------------
SP = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
SN = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
SA = SP - 3
SB = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
SG = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)


def sm2_add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0] and (p[1] + q[1]) % SP == 0:
        return None
    if p == q:
        slope = (3 * p[0] * p[0] + SA) * pow(2 * p[1], SP - 2, SP)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], SP - 2, SP)
    x = (slope * slope - p[0] - q[0]) % SP
    return x, (slope * (p[0] - x) - p[1]) % SP


def sm2_times(n, p):
    out = None
    while n:
        if n & 1:
            out = sm2_add(out, p)
        p, n = sm2_add(p, p), n >> 1
    return out


def der_numbers(data):
    """SEQUENCE of two INTEGERs in the one spelling DER has for them (GM/T 0009-2012)."""
    if len(data) < 8 or data[0] != 0x30 or data[1] != len(data) - 2:
        return None
    numbers, rest = [], data[2:]
    for _ in range(2):
        if len(rest) < 3 or rest[0] != 2 or not 1 <= rest[1] <= min(33, len(rest) - 2):
            return None
        digits, rest = rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        if digits[0] & 0x80 or (digits[0] == 0 and len(digits) > 1 and digits[1] < 0x80):
            return None
        numbers.append(int.from_bytes(digits, "big"))
    return None if rest else numbers


def sm2(public, message, signature):
    x, y = (int.from_bytes(public[i : i + 32], "big") for i in (0, 32))
    if x >= SP or y >= SP or (y * y - (x * x * x + SA * x + SB)) % SP:
        return False
    numbers = der_numbers(signature)
    if numbers is None or not all(1 <= each < SN for each in numbers):
        return False
    r, s = numbers
    signer = b"1234567812345678"
    curve = b"".join(each.to_bytes(32, "big") for each in (SA, SB, *SG))
    z = sm3((8 * len(signer)).to_bytes(2, "big") + signer + curve + public)
    e = int.from_bytes(sm3(z + message), "big")
    t = (r + s) % SN
    if t == 0:
        return False
    found = sm2_add(sm2_times(s, SG), sm2_times(t, (x, y)))
    return found is not None and (e + found[0]) % SN == r


# --- the package -----------------------------------------------------------------------------------------------------
class Wrong(Exception):
    pass


def must(condition, sentence):
    if not condition:
        raise Wrong(sentence)


def canonical(value):
    """RFC 8785 for what a manifest holds: strings, whole numbers, null, arrays, objects."""
    if isinstance(value, dict):
        members = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


# Algorithm: what stands before the key's own bytes in SubjectPublicKeyInfo, how long it is then, and what checks it.
ALGORITHMS = {
    "Ed25519": ("302a300506032b6570032100", 44, ed25519),
    "SM2-SM3": ("3059301306072a8648ce3d020106082a811ccf5501822d03420004", 91, sm2),
}


def read_keys(path):
    """Key id: (algorithm, the key's own bytes), for every key in the file."""
    keys = {}
    for block in open(path, encoding="ascii").read().split("-----BEGIN PUBLIC KEY-----")[1:]:
        der = base64.b64decode("".join(block.split("-----END")[0].split()))
        for name, (head, size, _) in ALGORITHMS.items():
            if der.hex().startswith(head) and len(der) == size:
                keys[hashlib.sha256(der).hexdigest()[:16]] = name, der[len(head) // 2 :]
    must(keys, "the key file holds no Ed25519 or SM2 public key")
    return keys


def lines_of(data):
    try:
        from compression import zstd

        return zstd.decompress(data).splitlines()
    except ImportError:
        must(shutil.which("zstd"), "install the zstd program to read the acts")
        done = subprocess.run(["zstd", "-dcq"], input=data, capture_output=True)
        must(done.returncode == 0, "acts.ndjson.zst cannot be decompressed")
        return done.stdout.splitlines()


def manifest_of(path):
    with tarfile.open(path, "r:") as tar:
        return tar.extractfile(tar.next()).read()


def verify(path, key_path, previous):
    keys = read_keys(key_path)
    parts, order = {}, []
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            must(member.isreg(), f"{member.name} is not a regular file")
            must(member.name not in parts, f"{member.name} is there twice")
            order.append(member.name)
            parts[member.name] = tar.extractfile(member).read()
    must(order[:2] == ["manifest.json", "signature.json"], "manifest.json and signature.json should come first")
    raw = parts.pop("manifest.json")
    signature = json.loads(parts.pop("signature.json"))
    manifest = json.loads(raw)
    must(manifest["format"] == "xhp/1", "the format is not xhp/1")
    must(canonical(manifest).encode() == raw, "manifest.json is not canonical (RFC 8785)")
    key_id, alg = signature["key"], signature["alg"]
    must(alg in ALGORITHMS, f"this script checks {' and '.join(ALGORITHMS)}, not {alg}")
    must(key_id in keys, f"signed with key {key_id}, not with {' or '.join(keys)}")
    must(keys[key_id][0] == alg, f"key {key_id} is not an {alg} key")
    check = ALGORITHMS[alg][2]
    must(check(keys[key_id][1], raw, base64.b64decode(signature["value"])), "the signature does not match")
    named = [part["path"] for part in manifest["parts"]]
    must(named == order[2:], "the parts are not those the manifest names, in its order")
    for part in manifest["parts"]:
        data = parts[part["path"]]
        must(len(data) == part["bytes"], f"{part['path']} has another size")
        must(hashlib.sha256(data).hexdigest() == part["sha256"], f"{part['path']} has another hash")
    acts = [json.loads(line) for line in lines_of(parts["acts.ndjson.zst"])] if "acts.ndjson.zst" in parts else []
    must(len(acts) == manifest["acts"]["count"], "the number of acts is not what the manifest says")
    must(all(a["seq"] < b["seq"] for a, b in zip(acts, acts[1:])), "the acts are out of order")
    counts = {}
    for act in acts:
        for change in act["changes"]:
            kind = "withdrawn" if change.get("withdrawn") else "created" if change["base"] == 0 else "amended"
            counts.setdefault(change["dataset"], {"created": 0, "amended": 0, "withdrawn": 0})[kind] += 1
    must(counts == manifest["datasets"], "the counts by dataset are not what the manifest says")
    if previous:
        must(hashlib.sha256(manifest_of(previous)).hexdigest() == manifest["previous"], "it does not follow that package")
    return manifest, acts, f"{key_id} ({alg})"


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("package")
    asked.add_argument("--key", required=True, help="the sender's public key, PEM")
    asked.add_argument("--previous", help="the package before this one")
    given = asked.parse_args()
    try:
        manifest, acts, signer = verify(given.package, given.key, given.previous)
    except (Wrong, tarfile.TarError, ValueError, KeyError, TypeError, AttributeError) as fault:
        print(f"{given.package}: NOT verified: {fault}", file=sys.stderr)
        return 1
    print(f"{given.package}: verified, signed with {signer}")
    print(f"  package {manifest['seq']} of {manifest['node']} ({manifest['division']}) for {manifest['peer']}, {manifest['created']}")
    print(f"  acts {manifest['acts']['from']} to {manifest['acts']['to']}: {len(acts)} inside, {manifest['acts']['omitted']} omitted")
    for dataset, counts in manifest["datasets"].items():
        print(f"  {dataset}: " + ", ".join(f"{n} {kind}" for kind, n in counts.items() if n))
    return 0


if __name__ == "__main__":
    sys.exit(main())
